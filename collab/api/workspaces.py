"""Workspaces: make, list, change, delete; and their members."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from collab.api.caller import Admin, Caller
from collab.api.memberships import WorkspaceMemberInfo
from collab.api.models import Body, OneLine, RoleName, role_called, role_name
from collab.api.paths import UserInPath
from collab.api.recording import Recording
from collab.api.services import Services, ServicesOfApp
from collab.errors import Forbidden, MemberNotFound
from collab.ports import AuditAction, Identity, Role, Workspace, WorkspaceName

router = APIRouter(prefix="/api/v1/workspaces", tags=["workspaces"])

_NAME: Final = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"
NameInPath = Annotated[WorkspaceName, Path(pattern=_NAME, description="The workspace's name.")]
Title = Annotated[OneLine, Field(max_length=255)]


class WorkspaceInfo(BaseModel):
    """A workspace: all documents whose names begin with its own and a slash."""

    name: str
    title: str
    default_role: RoleName = Field(description="Of those members to whom no other was given.")
    role: RoleName | None = Field(description="The caller's; `null` for an admin who is no member.")
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, workspace: Workspace, role: Role | None) -> Self:
        """Show a workspace to somebody with this role."""
        return cls(
            name=workspace.name,
            title=workspace.title,
            default_role=role_name(workspace.default_role),
            role=None if role is None else role_name(role),
            created_by=workspace.created_by,
            created_at=workspace.created_at,
        )


class WorkspaceList(BaseModel):
    """Workspaces, sorted by name."""

    workspaces: list[WorkspaceInfo]


class NewWorkspace(Body):
    """A workspace to make."""

    name: Annotated[
        str, Field(pattern=_NAME, description="Lower-case letters, digits, and `-`, `_`, `.` between them.")
    ]
    title: Title = ""
    default_role: RoleName = "editor"


class WorkspaceChange(Body):
    """What to change of a workspace; what is absent stays as it is."""

    title: Title | None = None
    default_role: RoleName | None = None


class WorkspaceMemberList(BaseModel):
    """All members of a workspace, the one added first at the beginning."""

    members: list[WorkspaceMemberInfo]


class WorkspaceRole(Body):
    """Which role somebody is to have."""

    role: RoleName | None = Field(default=None, description="The workspace's default one, where it is absent.")


@router.get(
    "", summary="List workspaces", response_description="Those that the caller is a member of; all, to an admin."
)
async def list_workspaces(services: ServicesOfApp, identity: Caller) -> WorkspaceList:
    """List the workspaces that the caller is a member of, or to an admin all of them."""
    is_somebody = bool(identity.user_id) and identity.scope is None
    mine = dict(await services.workspaces.list(identity.user_id)) if is_somebody else {}
    found = [each for each, _ in await services.workspaces.list()] if identity.admin else list(mine)
    return WorkspaceList(workspaces=[WorkspaceInfo.of(each, mine.get(each)) for each in found])


@router.post("", status_code=201, summary="Make a workspace", response_description="The workspace.")
async def make_workspace(
    services: ServicesOfApp, identity: Admin, recording: Recording, new: NewWorkspace
) -> WorkspaceInfo:
    """Make a workspace of all documents whose names begin with this one and a slash, those that are there already as well. For admins."""
    async with recording.together():
        made = await services.workspaces.create(
            Workspace(
                WorkspaceName(new.name), new.title, role_called(new.default_role), identity.user_id, datetime.now(UTC)
            )
        )
        await recording.note(AuditAction.WORKSPACE_MADE, identity.user_id, subject=f"workspace:{new.name}")
    return WorkspaceInfo.of(made, None)


@router.get("/{workspace}", summary="Look up a workspace", response_description="The workspace.")
async def get_workspace(services: ServicesOfApp, identity: Caller, workspace: NameInPath) -> WorkspaceInfo:
    """Return a workspace. For its members, and admins."""
    role = await _check(services, identity, workspace, Role.READER)
    return WorkspaceInfo.of(await services.workspaces.get(workspace), role)


@router.patch("/{workspace}", summary="Change a workspace", response_description="The workspace as it is now.")
async def change_workspace(
    services: ServicesOfApp, identity: Caller, recording: Recording, workspace: NameInPath, change: WorkspaceChange
) -> WorkspaceInfo:
    """Change a workspace's title, or the role of all members to whom no other was given. Needs the owner's role in it."""
    role = await _check(services, identity, workspace, Role.OWNER)
    default_role = None if change.default_role is None else role_called(change.default_role)
    async with recording.together(partial(_check, services, workspace=workspace, least=Role.OWNER)):
        kept, changed = await services.workspaces.change(
            workspace, title=change.title, default_role=default_role, keep_an_owner=not identity.admin
        )
        if changed:
            details = {} if change.default_role is None else {"default_role": change.default_role}
            await recording.note(
                AuditAction.WORKSPACE_CHANGED, identity.user_id, subject=f"workspace:{workspace}", **details
            )
    services.rights.look_now()
    return WorkspaceInfo.of(kept, role)


@router.delete("/{workspace}", status_code=204, summary="Delete a workspace", response_description="It is gone.")
async def delete_workspace(
    services: ServicesOfApp, identity: Admin, recording: Recording, workspace: NameInPath
) -> None:
    """Delete a workspace, and with it what its members could do by it; its documents stay. For admins."""
    async with recording.together():
        await services.workspaces.delete(workspace)
        await recording.note(AuditAction.WORKSPACE_DELETED, identity.user_id, subject=f"workspace:{workspace}")
    services.rights.look_now()


@router.get("/{workspace}/members", summary="List a workspace's members", response_description="All of them.")
async def list_workspace_members(
    services: ServicesOfApp, identity: Caller, workspace: NameInPath
) -> WorkspaceMemberList:
    """List who has a role in a workspace. For its members, and admins."""
    await _check(services, identity, workspace, Role.READER)
    found = await services.workspaces.members(workspace)
    return WorkspaceMemberList(members=[WorkspaceMemberInfo.of(member) for member in found])


@router.put("/{workspace}/members/{user_id}", summary="Give somebody a role", response_description="The member.")
async def set_workspace_member(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    workspace: NameInPath,
    user_id: UserInPath,
    new: WorkspaceRole,
) -> WorkspaceMemberInfo:
    """Make somebody a member, or give a member another role, in all documents of the workspace. Needs the owner's role in it."""
    await _check(services, identity, workspace, Role.OWNER)
    role = None if new.role is None else role_called(new.role)
    async with recording.together(partial(_check, services, workspace=workspace, least=Role.OWNER)):
        member, changed = await services.workspaces.set_member(
            workspace, user_id, role, granted_by=identity.user_id, keep_an_owner=not identity.admin
        )
        if changed:
            await recording.note(
                AuditAction.WORKSPACE_MEMBER_SET,
                identity.user_id,
                subject=user_id,
                workspace=workspace,
                role=role_name(member.role),
            )
    services.rights.look_now()
    return WorkspaceMemberInfo.of(member)


@router.delete(
    "/{workspace}/members/{user_id}", status_code=204, summary="Remove a member", response_description="They are none."
)
async def remove_workspace_member(
    services: ServicesOfApp, identity: Caller, recording: Recording, workspace: NameInPath, user_id: UserInPath
) -> None:
    """End a membership; open sessions lose that role within a second. Needs the owner's role in it, or to be that member."""
    least = Role.READER if user_id == identity.user_id else Role.OWNER
    await _check(services, identity, workspace, least)
    async with recording.together(partial(_check, services, workspace=workspace, least=least)):
        if not await services.workspaces.remove_member(workspace, user_id, keep_an_owner=not identity.admin):
            raise MemberNotFound("the user is no member of this workspace")
        await recording.note(
            AuditAction.WORKSPACE_MEMBER_REMOVED, identity.user_id, subject=user_id, workspace=workspace
        )
    services.rights.look_now()


async def _check(services: Services, identity: Identity, workspace: WorkspaceName, least: Role) -> Role | None:
    """Return the caller's role in a workspace.

    Raises `Forbidden`; to whoever has none the answer is the same whether there is such a workspace or not.
    """
    role = await services.policy.role_in_workspace(identity, workspace)
    if role is None or role < least:
        raise Forbidden(
            "you have no role in this workspace; expected one of its members"
            if role is None
            else f"you are a {role.name.lower()} of this workspace; expected its owner"
        )
    return role
