"""Signing in and out, making an account by invitation, and what people do with their own."""

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from collab.access.claims import is_color, is_web_address
from collab.access.cookies import set_cookie
from collab.access.origin import is_own_page
from collab.api.auditing import Recording
from collab.api.caller import Caller, is_secure, shown_session
from collab.api.models import OneLine, User
from collab.api.services import ServicesOfApp
from collab.errors import AccountNotFound, Forbidden, InvalidProfile, NoAccounts, SignInDelayed, SignInFailed
from collab.ports import Account, AccountChanges, AuditAction, BrowserSession, Identity, SessionNumber, TicketKind
from collab.services.accounts import MAX_EMAIL_LENGTH, Accounts, SignedIn, Visitor

router = APIRouter(prefix="/api/v1", tags=["accounts"])

MAX_NAME_LENGTH: Final = 255
_LARGEST_ID: Final = 2**63 - 1

Name = Annotated[OneLine, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Secret = Annotated[SecretStr, Field(max_length=4096)]


class Body(BaseModel):
    """What a call brings: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


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


class PasswordChange(Body):
    """Another password, by the one before."""

    current: Secret
    new: Secret


class ProfileChange(Body):
    """What to change of one's profile; what is absent stays as it is, and an empty text takes it away."""

    name: Name | None = None
    color: Annotated[str, Field(max_length=7)] | None = Field(default=None, description="`#rgb` or `#rrggbb`.")
    picture: Annotated[str, Field(max_length=2048)] | None = Field(default=None, description="An http or https URL.")


class AccountInfo(BaseModel):
    """An account."""

    user_id: str
    email: str | None
    name: str
    color: str | None
    picture: str | None
    admin: bool
    created_at: datetime
    disabled_at: datetime | None

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show an account."""
        return cls(**{field: getattr(account, field) for field in cls.model_fields})


class PersonWanted(Body):
    """Whom to look for."""

    email: Annotated[str, Field(max_length=1024)]


class Person(BaseModel):
    """Somebody who has an account."""

    user_id: str
    name: str


class BrowserSessionInfo(BaseModel):
    """A browser in which the caller is signed in."""

    id: int
    agent: str
    address: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, session: BrowserSession, current: SessionNumber | None) -> Self:
        """Show a session."""
        return cls(
            id=session.number,
            agent=session.agent,
            address=session.address,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
            current=session.number == current,
        )


class BrowserSessionList(BaseModel):
    """All browsers in which the caller is signed in, the one seen last at the beginning."""

    sessions: list[BrowserSessionInfo]


def accounts_of(services: ServicesOfApp) -> Accounts:
    """Return what people do with their accounts. Raises `NoAccounts`."""
    if services.accounts is None:
        raise NoAccounts("this server was not told to have accounts (COLLAB_ACCOUNTS)")
    return services.accounts


def from_own_page(request: Request) -> None:
    """Raise `Forbidden` where a page elsewhere asks, which must not sign anybody in as somebody of its choice."""
    origin = request.headers.get("origin")
    if origin is not None and not is_own_page(origin, request.headers.get("host"), secure=is_secure(request)):
        raise Forbidden("the page that asks comes from elsewhere; expected this server's own")


def visitor_of(request: Request) -> Visitor:
    """Return which browser asks."""
    return Visitor(request.headers.get("user-agent", ""), request.client.host if request.client else None)


def account_holder(identity: Caller) -> Identity:
    """Return who calls, somebody who has an account here. Raises `AccountNotFound` for the bearer of a token."""
    if identity.session is None:
        raise AccountNotFound("you have no account here; expected somebody who has signed in with a password")
    return identity


AccountsOfApp = Annotated[Accounts, Depends(accounts_of)]
VisitorOfRequest = Annotated[Visitor, Depends(visitor_of)]
Holder = Annotated[Identity, Depends(account_holder)]


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
        delayed = str(isinstance(error, SignInDelayed)).lower()
        await recording.note(AuditAction.SIGN_IN_FAILED, "", subject=who.email[:MAX_EMAIL_LENGTH], delayed=delayed)
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
    await accounts.sessions.end(account.id, identity.session or SessionNumber(0))
    services.rights.look_now()
    await recording.note(AuditAction.SIGN_OUT, identity.user_id)
    response.headers.append("Set-Cookie", set_cookie("", secure=is_secure(request), seconds=0))


@router.post("/tickets", summary="Look at a ticket", response_description="What it is good for.")
async def look_at_ticket(accounts: AccountsOfApp, shown: TicketInBody) -> TicketInfo:
    """Tell what an invitation, or a ticket for another password, is good for; whoever has it may ask. It stays good."""
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
    """Make an account by an invitation, and sign in."""
    done = await accounts.sign_up(
        new.ticket.get_secret_value(),
        email=new.email,
        name=new.name,
        password=new.password.get_secret_value(),
        visitor=visitor,
    )
    await recording.note(AuditAction.ACCOUNT_MADE, done.account.user_id, subject=done.account.user_id)
    return _signed_in(done, request, response)


@router.post(
    "/password-resets",
    status_code=204,
    summary="Set another password",
    response_description="Set; every session has ended.",
    dependencies=[Depends(from_own_page)],
)
async def reset_password(accounts: AccountsOfApp, services: ServicesOfApp, recording: Recording, reset: Reset) -> None:
    """Set another password by the ticket that an admin has given out."""
    user_id = await accounts.reset(reset.ticket.get_secret_value(), reset.password.get_secret_value())
    services.rights.look_now()
    await recording.note(AuditAction.PASSWORD_RESET, user_id)


@router.post("/people", summary="Whose e-mail is this?", response_description="The person.")
async def find_person(accounts: AccountsOfApp, _: Holder, who: PersonWanted) -> Person:
    """Find somebody to share a document with, by their whole e-mail. For whoever has an account."""
    found = await accounts.store.by_email(who.email)
    if found is None or found[0].disabled_at is not None:
        raise AccountNotFound("nobody here has this e-mail")
    return Person(user_id=found[0].user_id, name=found[0].name)


@router.get("/account", summary="My account", response_description="It.")
async def get_account(accounts: AccountsOfApp, identity: Holder) -> AccountInfo:
    """Return the caller's account."""
    return AccountInfo.of(await accounts.store.get(identity.user_id))


@router.patch("/account", summary="Change my profile", response_description="The account as it is now.")
async def change_profile(
    accounts: AccountsOfApp, services: ServicesOfApp, identity: Holder, change: ProfileChange
) -> AccountInfo:
    """Change the caller's name, colour or picture. Others see it from the caller's next session in a document on."""
    if change.color and not is_color(change.color):
        raise InvalidProfile("the colour is none; expected one of the form #rgb or #rrggbb")
    if change.picture and not is_web_address(change.picture):
        raise InvalidProfile("the picture is no address; expected an http or https URL")
    changes = AccountChanges(name=change.name, color=change.color, picture=change.picture)
    account = await accounts.store.change(identity.user_id, changes)
    services.rights.look_now()
    return AccountInfo.of(account)


@router.put("/account/password", status_code=204, summary="Change my password", response_description="Changed.")
async def change_password(
    accounts: AccountsOfApp,
    services: ServicesOfApp,
    identity: Holder,
    visitor: VisitorOfRequest,
    recording: Recording,
    change: PasswordChange,
) -> None:
    """Change the caller's password. All other sessions end."""
    await accounts.change_password(
        identity.user_id,
        change.current.get_secret_value(),
        change.new.get_secret_value(),
        visitor,
        keep=identity.session,
    )
    services.rights.look_now()
    await recording.note(AuditAction.PASSWORD_CHANGED, identity.user_id)


@router.get("/account/sessions", summary="Where am I signed in?", response_description="All of them.")
async def list_sessions(accounts: AccountsOfApp, identity: Holder) -> BrowserSessionList:
    """List the browsers in which the caller is signed in."""
    account = await accounts.store.get(identity.user_id)
    found = await accounts.sessions.of(account.id)
    return BrowserSessionList(sessions=[BrowserSessionInfo.of(session, identity.session) for session in found])


@router.delete(
    "/account/sessions/{session}", status_code=204, summary="Sign a browser out", response_description="It is."
)
async def end_session(
    accounts: AccountsOfApp,
    services: ServicesOfApp,
    identity: Holder,
    recording: Recording,
    session: Annotated[int, Path(ge=1, le=_LARGEST_ID)],
) -> None:
    """End one of the caller's sessions; what it has open in documents ends within a second. Harmless to repeat."""
    account = await accounts.store.get(identity.user_id)
    if await accounts.sessions.end(account.id, SessionNumber(session)):
        services.rights.look_now()
        await recording.note(AuditAction.SESSION_ENDED, identity.user_id, subject=f"session:{session}")


def _signed_in(done: SignedIn, request: Request, response: Response) -> User:
    seconds = int(done.lifetime.total_seconds())
    response.headers.append("Set-Cookie", set_cookie(done.secret, secure=is_secure(request), seconds=seconds))
    account = done.account
    return User(
        id=account.user_id, name=account.name, color=account.color, picture=account.picture, admin=account.admin
    )
