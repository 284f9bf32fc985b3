"""Single sign-on over HTTP: to the identity provider and back, and the identities of one's account.

The browser comes back from another site, so it sends no `SameSite=Strict` cookie along: the session that it had is known by the visit. It
takes the new one from the answer, for it is the page itself that goes there, and sends that with what the page asks from then on.
Sources: OpenID Connect Core 1.0, section 3.1.2.5 and 3.1.2.6; RFC 6265bis, section 5.5 and 5.6.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from collab.access.cookies import VISIT_PATH, session_shown, set_cookie, set_visit_cookie, visit_shown
from collab.api.caller import AccountsOfApp, Holder, VisitorOfRequest, is_secure, shown_session
from collab.api.paths import LARGEST_ID
from collab.api.recording import Recorder, Recording
from collab.api.services import ServicesOfApp
from collab.errors import EmailTaken, IdentityTaken, NoSingleSignOn, TicketSpent
from collab.ports import AuditAction, ExternalIdentity, IdentityNumber
from collab.services.accounts import SignedIn, Visitor
from collab.services.single_sign_on import VISIT_LIFETIME, Answer, Arrival, Refusal, Refused, SingleSignOn

router = APIRouter(prefix="/api/v1", tags=["single sign-on"])

METHOD: Final = "oidc"
"""How the audit log tells these sign-ins from those with a password."""

_TO_PROVIDER: Final[dict[int | str, dict[str, Any]]] = {
    302: {"description": "To the provider, or back with `#sign-in-failed=`."}
}
_BACK: Final[dict[int | str, dict[str, Any]]] = {303: {"description": "Back to where the browser came from."}}

_Text = Annotated[str | None, Query(max_length=4096)]


class IdentityInfo(BaseModel):
    """Who the caller is at an identity provider."""

    id: int
    issuer: str
    subject: str
    email: str | None
    created_at: datetime
    last_used_at: datetime

    @classmethod
    def of(cls, identity: ExternalIdentity) -> Self:
        """Show an identity."""
        return cls(
            id=identity.number,
            issuer=identity.issuer,
            subject=identity.subject,
            email=identity.email,
            created_at=identity.created_at,
            last_used_at=identity.last_used_at,
        )


class IdentityList(BaseModel):
    """All identities by which the caller may come in, the oldest first."""

    identities: list[IdentityInfo]


def single_sign_on_of(services: ServicesOfApp) -> SingleSignOn:
    """Return what people do by way of the identity provider. Raises `NoSingleSignOn`."""
    if services.single_sign_on is None:
        raise NoSingleSignOn("this server was not told of an identity provider (COLLAB_OIDC_ISSUER)")
    return services.single_sign_on


SingleSignOnOfApp = Annotated[SingleSignOn, Depends(single_sign_on_of)]


@router.get(
    "/oidc/start",
    summary="Sign in at the identity provider",
    status_code=302,
    response_class=RedirectResponse,
    responses=_TO_PROVIDER,
)
async def start(
    single_sign_on: SingleSignOnOfApp,
    accounts: AccountsOfApp,
    recording: Recording,
    request: Request,
    return_to: Annotated[str, Query(max_length=8192, description="A path of this server.")] = "/",
    link: Annotated[
        bool, Query(description="Link the identity to the caller's account, instead of signing in.")
    ] = False,
) -> RedirectResponse:
    """Send a browser to the identity provider; it comes back within ten minutes. To be opened as a page."""
    # Linking changes something: no page elsewhere may begin it, not even a neighbour's, from which the cookie comes along.
    shown = session_shown(request.headers.get, secure=is_secure(request), acts=True) if link else shown_session(request)
    session = await accounts.session_of(shown)
    begun = await single_sign_on.depart(_redirect_uri(request), return_to, session, link=link)
    if isinstance(begun, Refused):
        await _note_refusal(recording, begun, "" if session is None else session.account.user_id)
        return _redirect(_failed(begun), HTTPStatus.FOUND)
    answer = _redirect(begun.address, HTTPStatus.FOUND)
    seconds = int(VISIT_LIFETIME.total_seconds())
    answer.headers.append("Set-Cookie", set_visit_cookie(begun.secret, secure=is_secure(request), seconds=seconds))
    return answer


@router.get(
    "/oidc/callback",
    summary="Come back from the identity provider",
    status_code=303,
    response_class=RedirectResponse,
    responses=_BACK,
)
async def callback(
    single_sign_on: SingleSignOnOfApp,
    services: ServicesOfApp,
    visitor: VisitorOfRequest,
    recording: Recording,
    request: Request,
    state: _Text = None,
    code: _Text = None,
    iss: _Text = None,
    error: _Text = None,
) -> RedirectResponse:
    """Sign in whom the identity provider proves to be there. It sends browsers here; nothing else needs this address."""
    secure = is_secure(request)
    secret = visit_shown(request.headers.get, secure=secure)
    came = await single_sign_on.arrive(secret, Answer(state or "", code, iss, error), _redirect_uri(request))
    done = came if isinstance(came, Refused) else await _let_in(recording, single_sign_on, came, visitor)
    if isinstance(done, Refused):
        await _note_refusal(recording, done)
    answer = _redirect(_failed(done) if isinstance(done, Refused) else came.return_to, HTTPStatus.SEE_OTHER)
    if isinstance(done, SignedIn):
        services.rights.look_now()
        seconds = int(done.lifetime.total_seconds())
        answer.headers.append("Set-Cookie", set_cookie(done.secret, secure=secure, seconds=seconds))
    if not isinstance(done, Refused) or done.why is not Refusal.EXPIRED:  # a visit that is under way goes on
        answer.headers.append("Set-Cookie", set_visit_cookie("", secure=secure, seconds=0))
    return answer


@router.get("/account/identities", summary="My identities", response_description="All of them.")
async def list_identities(single_sign_on: SingleSignOnOfApp, accounts: AccountsOfApp, identity: Holder) -> IdentityList:
    """List the identities by which the caller may sign in."""
    account = await accounts.store.get(identity.user_id)
    found = await single_sign_on.identities_of(account)
    return IdentityList(identities=[IdentityInfo.of(each) for each in found])


@router.delete(
    "/account/identities/{identity_id}", status_code=204, summary="Unlink an identity", response_description="It is."
)
async def unlink_identity(
    single_sign_on: SingleSignOnOfApp,
    accounts: AccountsOfApp,
    identity: Holder,
    recording: Recording,
    identity_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
) -> None:
    """Sign nobody in by this identity any more; sessions go on. Harmless to repeat; 409 where it is the account's last way in."""
    account = await accounts.store.get(identity.user_id)
    async with recording.together():
        unlinked = await single_sign_on.unlink(account, IdentityNumber(identity_id))
        if unlinked is not None:
            await recording.note(
                AuditAction.IDENTITY_UNLINKED, identity.user_id, subject=unlinked.subject, issuer=unlinked.issuer
            )


async def _let_in(
    recording: Recorder, single_sign_on: SingleSignOn, came: Arrival, visitor: Visitor
) -> SignedIn | Refused | None:
    """Do what an arrival is good for, and write it down; `None` where they were signed in before."""
    try:
        async with recording.together():
            bound = await single_sign_on.bind(came)
            user_id = bound.account.user_id
            if bound.made:
                await recording.note(AuditAction.ACCOUNT_MADE, user_id, subject=user_id, method=METHOD)
            if bound.linked:
                await recording.note(
                    AuditAction.IDENTITY_LINKED, user_id, subject=came.subject, issuer=single_sign_on.issuer
                )
    except (IdentityTaken, EmailTaken, TicketSpent):  # another callback was quicker
        return came.refused()
    signed_in = await single_sign_on.admit(came, bound.account, visitor)
    if signed_in is not None:
        await recording.note(AuditAction.SIGN_IN, user_id, method=METHOD)
    return signed_in


async def _note_refusal(recording: Recorder, refused: Refused, actor: str = "") -> None:
    await recording.note(
        AuditAction.SIGN_IN_FAILED, actor, subject=refused.email, method=METHOD, reason=refused.why.value
    )


def _redirect_uri(request: Request) -> str:
    """Return where the provider sends the browser back to: by the name it came by. Which names are this server's, the provider knows."""
    return f"{request.url.scheme}://{request.url.netloc}{VISIT_PATH}/callback"


def _failed(refused: Refused) -> str:
    return f"{refused.return_to}#sign-in-failed={refused.why.value}"


def _redirect(address: str, status: HTTPStatus) -> RedirectResponse:
    return RedirectResponse(address, status, headers={"Cache-Control": "no-store"})
