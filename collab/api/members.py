"""Who has a role in a document by membership: list, add, change, remove."""

from functools import partial

from fastapi import APIRouter
from pydantic import BaseModel

from collab.access import Action
from collab.api.caller import Caller
from collab.api.memberships import MemberInfo
from collab.api.models import Body, RoleName, role_called
from collab.api.paths import DOCUMENTS, NameInPath, UserInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.errors import MemberNotFound
from collab.ports import AuditAction, DocumentName, Identity, Role

router = APIRouter(prefix=DOCUMENTS, tags=["members"])

_PATH = "/{name}/members/{user_id}"


class MemberList(BaseModel):
    """All members of a document."""

    members: list[MemberInfo]


class NewRole(Body):
    """Which role somebody is to have."""

    role: RoleName


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
    async with recording.together(partial(services.policy.check, document=name, action=Action.SHARE)):
        member, changed = await services.shares.set_member(
            record.id,
            user_id,
            role_called(new.role),
            granted_by=identity.user_id,
            keep_an_owner=_gives_up(identity, name, user_id),
        )
        if changed:
            await recording.note(
                AuditAction.MEMBER_SET, identity.user_id, document=name, subject=user_id, role=new.role
            )
    services.rights.look_now()
    return MemberInfo.of(member)


@router.delete(_PATH, status_code=204, summary="Remove a member", response_description="They are none any more.")
async def remove_member(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath, user_id: UserInPath
) -> None:
    """End a membership; open sessions lose their rights within a second. Needs the owner's role, or to be that member."""
    leaves = user_id == identity.user_id and identity.key is None
    action = Action.READ if leaves else Action.SHARE
    await services.policy.check(identity, name, action)
    record = await services.documents.get(name)
    async with recording.together(partial(services.policy.check, document=name, action=action)):
        if not await services.shares.remove_member(
            record.id, user_id, keep_an_owner=_gives_up(identity, name, user_id)
        ):
            raise MemberNotFound("the user is no member of this document")
        await recording.note(AuditAction.MEMBER_REMOVED, identity.user_id, document=name, subject=user_id)
    services.rights.look_now()


def _gives_up(identity: Identity, name: DocumentName, user_id: str) -> bool:
    """Tell whether somebody changes a role of their own that they have by membership alone."""
    return user_id == identity.user_id and identity.role_in(name) is not Role.OWNER
