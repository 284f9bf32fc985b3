"""Who calls, and what stands behind those who have an account."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from collab.access import address_of
from collab.access.cookies import session_shown
from collab.access.origin import is_own_page
from collab.api.guards import SAFE_METHODS
from collab.api.rates import rates_of
from collab.api.recording import Recorder, Recording
from collab.api.services import ServicesOfApp
from collab.errors import AccountNotFound, Forbidden, NoAccounts
from collab.ports import Credentials, Identity
from collab.services.accounts import Accounts, Visitor

_bearer = HTTPBearer(auto_error=False, description="An access token; in open mode none is needed.")


def is_secure(request: Request) -> bool:
    """Tell whether the request came by TLS."""
    return request.url.scheme == "https"


def shown_session(request: Request) -> str | None:
    """Return the secret of the browser's session, where the page that asks is this server's."""
    acts = request.method not in SAFE_METHODS
    return session_shown(request.headers.get, secure=is_secure(request), acts=acts)


async def caller(
    services: ServicesOfApp,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Identity:
    """Return who calls: by the token, or by the browser's session where the page that asks is this server's.

    Raises `Unauthenticated`, and `RateExceeded` for who does so too often.
    """
    token = credentials.credentials if credentials is not None else None
    shown = Credentials(token, shown_session(request), address_of(request.scope))
    identity = await services.access.authenticate(shown)
    request.state.identity = identity
    rates_of(request).count_for_user(identity.user_id)
    return identity


Caller = Annotated[Identity, Depends(caller)]


async def check_admin(identity: Identity, recording: Recorder, complaint: str = "this is for admins alone") -> None:
    """Raise `Forbidden` to everybody but admins, and write that down."""
    if not identity.admin:
        await recording.admins_alone(identity.user_id)
        raise Forbidden(complaint)


async def admin(identity: Caller, recording: Recording) -> Identity:
    """Return the admin who calls. Raises `Unauthenticated`, and `Forbidden` to everybody else."""
    await check_admin(identity, recording)
    return identity


Admin = Annotated[Identity, Depends(admin)]


def accounts_of(services: ServicesOfApp) -> Accounts:
    """Return what people do with their accounts. Raises `NoAccounts`."""
    if services.accounts is None:
        raise NoAccounts("this server was not told to have accounts (COLLAB_ACCOUNTS)")
    return services.accounts


def from_own_page(request: Request) -> None:
    """Raise `Forbidden` where a page elsewhere asks, which must not sign anybody in as somebody of its choice."""
    origin = request.headers.get("origin")
    if origin is not None and not is_own_page(origin, request.headers.get("host"), secure=is_secure(request)):
        raise Forbidden(
            "the page that asks comes from elsewhere, or by TLS that a proxy ends whom this server does not know "
            "(COLLAB_TRUSTED_PROXIES); expected a page of this server's own"
        )


def visitor_of(request: Request) -> Visitor:
    """Return which browser asks."""
    return Visitor(request.headers.get("user-agent", ""), address_of(request.scope))


def account_holder(identity: Caller) -> Identity:
    """Return who calls, somebody who has an account here. Raises `AccountNotFound` for the bearer of a token."""
    if identity.session is None:
        raise AccountNotFound("you have no account here; expected somebody who has signed in with a password")
    return identity


AccountsOfApp = Annotated[Accounts, Depends(accounts_of)]
VisitorOfRequest = Annotated[Visitor, Depends(visitor_of)]
Holder = Annotated[Identity, Depends(account_holder)]
