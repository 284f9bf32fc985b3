"""Coming in: how people may, signing in and out, making an account by an invitation, another password by a ticket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from collab.access.cookies import set_cookie
from collab.api.caller import AccountsOfApp, Holder, VisitorOfRequest, from_own_page, is_secure, shown_session
from collab.api.models import Body, Name, Secret, User
from collab.api.recording import Recorder, Recording
from collab.api.services import ServicesOfApp
from collab.errors import EmailTaken, SignInDelayed, SignInFailed, TicketSpent
from collab.ports import AuditAction, SessionNumber, TicketKind
from collab.services.accounts import Accounts, SignedIn, looks_like_email

router = APIRouter(prefix="/api/v1", tags=["accounts"])

NO_EMAIL: Final = "not an e-mail address"
"""What the audit log has in place of one."""


class WaysIn(BaseModel):
    """How people come in here."""

    open: bool = Field(description="Nobody is asked: everybody may edit.")
    accounts: bool = Field(description="People sign in with an e-mail and a password.")
    tokens: bool = Field(description="Access tokens of the host application are taken.")
    single_sign_on: str | None = Field(
        description="What people call the identity provider by which they sign in as well; `null` where there is none."
    )


class SignIn(Body):
    """Who wants to sign in."""

    email: Annotated[str, Field(max_length=1024)]
    password: Secret


class SignUp(Body):
    """An account to make."""

    ticket: Secret
    email: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None, description="Where the invitation names none."
    )
    name: Name
    password: Secret


class TicketInBody(Body):
    """A ticket, as it stands in the link that somebody was sent."""

    ticket: Secret


class TicketInfo(BaseModel):
    """What a ticket is good for."""

    kind: TicketKind
    email: str | None
    expires_at: datetime


class Reset(Body):
    """Another password, by a ticket."""

    ticket: Secret
    password: Secret


@router.get("/sign-in", summary="How do people come in?", response_description="The ways that are open here.")
async def get_ways_in(services: ServicesOfApp) -> WaysIn:
    """Tell how people come in; everybody may ask."""
    return WaysIn(
        open=services.access.open,
        accounts=services.accounts is not None,
        tokens=services.takes_tokens,
        single_sign_on=None if services.single_sign_on is None else services.single_sign_on.name,
    )


@router.post(
    "/session",
    summary="Sign in",
    response_description="Signed in; the session is in a cookie.",
    dependencies=[Depends(from_own_page)],
)
async def sign_in(
    accounts: AccountsOfApp,
    visitor: VisitorOfRequest,
    recording: Recording,
    request: Request,
    response: Response,
    who: SignIn,
) -> User:
    """Sign in with an e-mail and a password. Answers 403 whatever of them is wrong, and 429 after too many of these."""
    try:
        done = await accounts.sign_in(
            who.email, who.password.get_secret_value(), visitor, instead_of=shown_session(request)
        )
    except (SignInFailed, SignInDelayed) as error:
        await recording.refusal(AuditAction.SIGN_IN_FAILED, error, subject=await _told(accounts, who.email))
        raise
    await recording.note(AuditAction.SIGN_IN, done.account.user_id)
    return _signed_in(done, request, response)


@router.delete("/session", status_code=204, summary="Sign out", response_description="Signed out.")
async def sign_out(
    accounts: AccountsOfApp,
    services: ServicesOfApp,
    identity: Holder,
    recording: Recording,
    request: Request,
    response: Response,
) -> None:
    """End the session by which the caller is signed in, and what it has open in documents."""
    account = await accounts.store.get(identity.user_id)
    async with recording.together():
        await accounts.sessions.end(account.id, identity.session or SessionNumber(0))
        await recording.note(AuditAction.SIGN_OUT, identity.user_id)
    services.rights.look_now()
    response.headers.append("Set-Cookie", set_cookie("", secure=is_secure(request), seconds=0))


@router.post("/tickets", summary="Look at a ticket", response_description="What it is good for.")
async def look_at_ticket(accounts: AccountsOfApp, recording: Recording, shown: TicketInBody) -> TicketInfo:
    """Tell what an invitation, or a ticket for another password, is good for; whoever has it may ask. It stays good."""
    async with _refusals_noted(recording, "look"):
        ticket = await accounts.look(shown.ticket.get_secret_value())
    return TicketInfo(kind=ticket.kind, email=ticket.email, expires_at=ticket.expires_at)


@router.post(
    "/accounts",
    status_code=201,
    summary="Make an account",
    response_description="Made, and signed in.",
    dependencies=[Depends(from_own_page)],
)
async def sign_up(
    accounts: AccountsOfApp,
    visitor: VisitorOfRequest,
    recording: Recording,
    request: Request,
    response: Response,
    new: SignUp,
) -> User:
    """Make an account by an invitation, and sign in. Answers 429 after too many e-mails that are taken."""
    email = None if new.email is None else await _told(accounts, new.email)
    async with _refusals_noted(recording, "sign-up", email=email):
        prepared = await accounts.prepare_account(
            new.ticket.get_secret_value(), email=new.email, name=new.name, password=new.password.get_secret_value()
        )
        async with recording.together():
            account = await accounts.make(prepared)
            await recording.note(AuditAction.ACCOUNT_MADE, account.user_id, subject=account.user_id)
    return _signed_in(await accounts.admit(account, visitor), request, response)


@router.post(
    "/password-resets",
    status_code=204,
    summary="Set another password",
    response_description="Set; every session has ended.",
    dependencies=[Depends(from_own_page)],
)
async def reset_password(accounts: AccountsOfApp, services: ServicesOfApp, recording: Recording, reset: Reset) -> None:
    """Set another password by the ticket that an admin has given out."""
    async with _refusals_noted(recording, "reset"):
        prepared = await accounts.prepare_reset(reset.ticket.get_secret_value(), reset.password.get_secret_value())
        async with recording.together():
            await accounts.reset(prepared)
            await recording.note(AuditAction.PASSWORD_RESET, prepared.user_id)
    services.rights.look_now()


@asynccontextmanager
async def _refusals_noted(recording: Recorder, use: str, *, email: str | None = None) -> AsyncIterator[None]:
    """Write down that a ticket did not do what it was shown for."""
    try:
        yield
    except (TicketSpent, EmailTaken, SignInDelayed) as error:
        await recording.refusal(AuditAction.TICKET_REFUSED, error, subject=email, use=use)
        raise


async def _told(accounts: Accounts, email: str) -> str:
    """Return how the audit log tells of an e-mail that was typed: a password that was typed in its place is not kept."""
    is_one = looks_like_email(email) or await accounts.store.by_email(email) is not None
    return email if is_one else NO_EMAIL


def _signed_in(done: SignedIn, request: Request, response: Response) -> User:
    seconds = int(done.lifetime.total_seconds())
    response.headers.append("Set-Cookie", set_cookie(done.secret, secure=is_secure(request), seconds=seconds))
    account = done.account
    return User(
        id=account.user_id, name=account.name, color=account.color, picture=account.picture, admin=account.admin
    )
