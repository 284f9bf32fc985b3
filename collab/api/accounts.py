"""What people do with their own account, and how they find somebody else's."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from collab.access.claims import is_color, is_web_address
from collab.api.caller import AccountsOfApp, Holder, VisitorOfRequest
from collab.api.models import Body, Name, Secret
from collab.api.paths import LARGEST_ID
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.errors import AccountNotFound, InvalidProfile, SignInDelayed, SignInFailed
from collab.ports import Account, AccountChanges, AuditAction, BrowserSession, SessionNumber

router = APIRouter(prefix="/api/v1", tags=["accounts"])


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


class OwnAccountInfo(AccountInfo):
    """The caller's account."""

    has_password: bool = Field(description="`false` where they come in by single sign-on alone.")


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


@router.post("/people", summary="Whose e-mail is this?", response_description="The person.")
async def find_person(accounts: AccountsOfApp, _: Holder, who: PersonWanted) -> Person:
    """Find somebody to share a document with, by their whole e-mail. For whoever has an account."""
    found = await accounts.store.by_email(who.email)
    if found is None or found[0].disabled_at is not None:
        raise AccountNotFound("nobody here has this e-mail")
    return Person(user_id=found[0].user_id, name=found[0].name)


@router.get("/account", summary="My account", response_description="It.")
async def get_account(accounts: AccountsOfApp, identity: Holder) -> OwnAccountInfo:
    """Return the caller's account."""
    shown = AccountInfo.of(await accounts.store.get(identity.user_id))
    has_password = await accounts.store.password_of(identity.user_id) is not None
    return OwnAccountInfo(**shown.model_dump(), has_password=has_password)


@router.patch("/account", summary="Change my profile", response_description="The account as it is now.")
async def change_profile(
    accounts: AccountsOfApp, services: ServicesOfApp, identity: Holder, recording: Recording, change: ProfileChange
) -> AccountInfo:
    """Change the caller's name, colour or picture. Others see it from the caller's next session in a document on."""
    if change.color and not is_color(change.color):
        raise InvalidProfile("the colour is none; expected one of the form #rgb or #rrggbb")
    if change.picture and not is_web_address(change.picture):
        raise InvalidProfile("the picture is no address; expected an http or https URL")
    changes = AccountChanges(name=change.name, color=change.color, picture=change.picture)
    told = change.model_dump(exclude_none=True)
    if change.picture is not None:
        told["picture"] = "another"  # not where it is: that is long, and whoever sees the account sees it
    async with recording.together():
        account, changed = await accounts.store.change(identity.user_id, changes)
        if changed:
            await recording.note(AuditAction.PROFILE_CHANGED, identity.user_id, subject=identity.user_id, **told)
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
    try:
        await accounts.change_password(
            identity.user_id,
            change.current.get_secret_value(),
            change.new.get_secret_value(),
            visitor,
            keep=identity.session,
        )
    except (SignInFailed, SignInDelayed) as error:
        await recording.refusal(
            AuditAction.SIGN_IN_FAILED, error, identity.user_id, subject=identity.user_id, method="password-change"
        )
        raise
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
    session: Annotated[int, Path(ge=1, le=LARGEST_ID)],
) -> None:
    """End one of the caller's sessions; what it has open in documents ends within a second. Harmless to repeat."""
    account = await accounts.store.get(identity.user_id)
    async with recording.together():
        if not await accounts.sessions.end(account.id, SessionNumber(session)):
            return
        await recording.note(AuditAction.SESSION_ENDED, identity.user_id, subject=f"session:{session}")
    services.rights.look_now()
