"""Who has a role in a document by membership: list, add, change, remove."""

from datetime import datetime
from typing import Annotated, Self
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from collab.access import Action
from collab.api.caller import Caller
from collab.api.models import Body, RoleName, role_called, role_name
from collab.api.paths import DOCUMENTS, NameInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.errors import InvalidUserId, MemberNotFound
from collab.ports import AuditAction, DocumentName, Identity, Member, Role
from collab.ports.access import MAX_USER_ID_LENGTH, is_user_id

router = APIRouter(prefix=DOCUMENTS, tags=["members"])

_PATH = "/{name}/members/{user_id}"


class MemberInfo(BaseModel):
    """Somebody with a role in a document."""

    user_id: str
    name: str | None = Field(description="`null` for somebody who has no account here, and never wrote.")
    role: RoleName
    granted_by: str = Field(description="The user who gave them this role; empty in open mode.")
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> Self:
        """Show a member."""
        return cls(
            user_id=member.user_id,
            name=member.name,
            role=role_name(member.role),
            granted_by=member.granted_by,
            created_at=member.created_at,
        )


class MemberList(BaseModel):
    """All members of a document."""

    members: list[MemberInfo]


class NewRole(Body):
    """Which role somebody is to have."""

    role: RoleName


def user_in_path(
    user_id: Annotated[
        str, Path(description=f"The user, as `sub` of their tokens: 1 to {MAX_USER_ID_LENGTH} characters, encoded.")
    ],
) -> str:
    """Decode a user from the path, where slashes are encoded. Raises `InvalidUserId`."""
    try:
        decoded = unquote_to_bytes(user_id.encode("latin-1")).decode()
    except UnicodeError:
        raise InvalidUserId("the user in the path is not UTF-8 once percent-decoded") from None
    if not is_user_id(decoded):
        raise InvalidUserId(
            f"a user of {len(decoded)} characters came; expected 1 to {MAX_USER_ID_LENGTH}, none of them a control character"
        )
    return decoded


UserInPath = Annotated[str, Depends(user_in_path)]


@router.get("/{name}/members", summary="List a document's members", response_description="All of them.")
async def list_members(services: ServicesOfApp, identity: Caller, name: NameInPath) -> MemberList:
    """List who has a role by membership, the first one added at the beginning. Needs the editor's role.

    Whoever has one by their token alone is not among them.
    """
    await services.policy.check(identity, name, Action.SEE_MEMBERS)
    record = await services.documents.get(name)
    return MemberList(members=[MemberInfo.of(member) for member in await services.shares.members(record.id)])


@router.put(_PATH, summary="Give somebody a role", response_description="The member as they are now.")
async def set_member(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    user_id: UserInPath,
    new: NewRole,
) -> MemberInfo:
    """Make somebody a member, or give a member another role; it holds in open sessions within a second. Needs the owner's role.

    A token that grants more than this goes on granting it.
    """
    await services.policy.check(identity, name, Action.SHARE)
    record = await services.documents.get(name)
    async with recording.together():
        member = await services.shares.set_member(
            record.id,
            user_id,
            role_called(new.role),
            granted_by=identity.user_id,
            keep_an_owner=_gives_up(identity, name, user_id),
        )
        await recording.note(AuditAction.MEMBER_SET, identity.user_id, document=name, subject=user_id, role=new.role)
    services.rights.look_now()
    return MemberInfo.of(member)


@router.delete(_PATH, status_code=204, summary="Remove a member", response_description="They are none any more.")
async def remove_member(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath, user_id: UserInPath
) -> None:
    """End a membership; open sessions lose their rights within a second. Needs the owner's role, or to be that member."""
    leaves = user_id == identity.user_id and identity.key is None
    await services.policy.check(identity, name, Action.READ if leaves else Action.SHARE)
    record = await services.documents.get(name)
    async with recording.together():
        if not await services.shares.remove_member(
            record.id, user_id, keep_an_owner=_gives_up(identity, name, user_id)
        ):
            raise MemberNotFound("the user is no member of this document")
        await recording.note(AuditAction.MEMBER_REMOVED, identity.user_id, document=name, subject=user_id)
    services.rights.look_now()


def _gives_up(identity: Identity, name: DocumentName, user_id: str) -> bool:
    """Tell whether somebody changes a role of their own that they have by membership alone."""
    return user_id == identity.user_id and identity.role_in(name) is not Role.OWNER
