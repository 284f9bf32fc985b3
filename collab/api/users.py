"""What admins do with accounts: list, invite, disable, make admins of, let set another password."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from collab.api.accounts import AccountInfo
from collab.api.caller import AccountsOfApp, Admin
from collab.api.models import Body, OneLine
from collab.api.paths import UserInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.ports import AccountChanges, AuditAction

router = APIRouter(prefix="/api/v1", tags=["users"])

MAX_PAGE = 200


class UserList(BaseModel):
    """A page of accounts, in the order in which they were made."""

    users: list[AccountInfo]
    next_cursor: str | None = Field(description="Asks for the next page, as `cursor`; `null` on the last.")


class UserChange(Body):
    """What an admin changes of an account."""

    admin: bool | None = None
    disabled: bool | None = None


class NewInvitation(Body):
    """Whom to invite."""

    email: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None, description="Without one, whoever has the link makes an account for their own."
    )
    admin: bool = Field(default=False, description="Whether the account will be an admin's.")


class IssuedTicket(BaseModel):
    """A ticket to be passed on; it is shown this once."""

    ticket: str
    path: str = Field(description="Where on this server it is used.")


@router.get("/users", summary="List accounts", response_description="One page.")
async def list_users(
    accounts: AccountsOfApp,
    _: Admin,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=1024, description="The last page's `next_cursor`.")] = None,
    q: Annotated[OneLine | None, Query(max_length=255, description="What the name or the e-mail contains.")] = None,
) -> UserList:
    """List accounts. For admins."""
    page = await accounts.store.page(limit=limit, cursor=cursor, query=q or None)
    return UserList(users=[AccountInfo.of(account) for account in page.accounts], next_cursor=page.next_cursor)


@router.patch("/users/{user_id}", summary="Change an account", response_description="The account as it is now.")
async def change_user(
    accounts: AccountsOfApp,
    services: ServicesOfApp,
    identity: Admin,
    recording: Recording,
    user_id: UserInPath,
    change: UserChange,
) -> AccountInfo:
    """Make an admin of somebody, or no admin; disable an account, which ends its sessions, or enable it. For admins."""
    async with recording.together():
        changes = AccountChanges(admin=change.admin, disabled=change.disabled)
        account, changed = await accounts.store.change(user_id, changes)
        if changed:
            told = {field: str(value).lower() for field, value in change.model_dump(exclude_none=True).items()}
            await recording.note(AuditAction.ACCOUNT_CHANGED, identity.user_id, subject=user_id, **told)
    services.rights.look_now()
    return AccountInfo.of(account)


@router.post(
    "/users/{user_id}/reset",
    status_code=201,
    summary="Let somebody set another password",
    response_description="A ticket to be passed on.",
)
async def offer_reset(
    accounts: AccountsOfApp, identity: Admin, recording: Recording, user_id: UserInPath
) -> IssuedTicket:
    """Make a ticket by which whoever has it sets another password for this account, within a day. For admins."""
    async with recording.together():
        ticket = await accounts.offer_reset(identity.user_id, user_id)
        await recording.note(AuditAction.RESET_OFFERED, identity.user_id, subject=user_id)
    return IssuedTicket(ticket=ticket, path=f"/reset#{ticket}")


@router.post("/invitations", status_code=201, summary="Invite somebody", response_description="A ticket to pass on.")
async def invite(accounts: AccountsOfApp, identity: Admin, recording: Recording, new: NewInvitation) -> IssuedTicket:
    """Make an invitation, good for two weeks and one account. For admins."""
    async with recording.together():
        ticket = await accounts.invite(identity.user_id, new.email, admin=new.admin)
        await recording.note(AuditAction.INVITED, identity.user_id, subject=new.email, admin=str(new.admin).lower())
    return IssuedTicket(ticket=ticket, path=f"/join#{ticket}")
