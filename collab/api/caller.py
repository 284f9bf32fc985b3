"""Who calls."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from collab.access.cookies import session_shown
from collab.api.guards import SAFE_METHODS
from collab.api.rates import rates_of
from collab.api.services import ServicesOfApp
from collab.errors import Forbidden
from collab.ports import Credentials, Identity

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
    identity = await services.access.authenticate(Credentials(token, shown_session(request)))
    rates_of(request).count_for_user(identity.user_id)
    return identity


Caller = Annotated[Identity, Depends(caller)]


async def admin(identity: Caller) -> Identity:
    """Return the admin who calls. Raises `Unauthenticated`, and `Forbidden` to everybody else."""
    if not identity.admin:
        raise Forbidden("this is for admins alone")
    return identity


Admin = Annotated[Identity, Depends(admin)]
