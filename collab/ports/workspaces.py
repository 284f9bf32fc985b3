"""Workspaces: documents whose names begin alike, and the people who have a role in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from collab.ports.roles import Role

WorkspaceName = NewType("WorkspaceName", str)
"""What stands before the first slash in the names of its documents."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace. Times are in UTC."""

    name: WorkspaceName
    title: str
    default_role: Role
    """Of those members to whom no other was given."""

    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkspaceMember:
    """Somebody with a role in a workspace."""

    user_id: str
    name: str | None
    """As their account calls them, or as they were called when they last wrote something here; `None` where they never have."""

    role: Role
    """In all its documents."""

    is_default: bool
    """Whether it is the workspace's default, and changes as that does."""

    granted_by: str
    created_at: datetime


class WorkspaceStore(Protocol):
    """Keeps workspaces and their members.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed. What changes somebody's rights
    is told as such (`ShareStore.changed_since`).
    """

    async def create(self, workspace: Workspace) -> Workspace:
        """Make a workspace. Raises `WorkspaceExists`."""
        ...

    async def get(self, name: WorkspaceName) -> Workspace:
        """Return a workspace. Raises `WorkspaceNotFound`."""
        ...

    async def list(self, user_id: str | None = None) -> Sequence[tuple[Workspace, Role | None]]:
        """Return the workspaces that a user is a member of, with the role, or all; sorted by name."""
        ...

    async def role_of(self, user_id: str, name: WorkspaceName) -> Role | None:
        """Return the role of a member; `None` also where there is no such workspace."""
        ...

    async def change(
        self,
        name: WorkspaceName,
        *,
        title: str | None = None,
        default_role: Role | None = None,
        keep_an_owner: bool = False,
    ) -> tuple[Workspace, bool]:
        """Change a workspace; return it, and whether it is another than before. `None` leaves a field as it is.

        Raises `WorkspaceNotFound`, and `LastOwner` as `set_member` does.
        """
        ...

    async def delete(self, name: WorkspaceName) -> None:
        """Delete a workspace, with what its members could do by it; its documents stay. Raises `WorkspaceNotFound`."""
        ...

    async def members(self, name: WorkspaceName) -> Sequence[WorkspaceMember]:
        """Return the members, the one added first at the beginning. Raises `WorkspaceNotFound`."""
        ...

    async def set_member(
        self, name: WorkspaceName, user_id: str, role: Role | None, *, granted_by: str, keep_an_owner: bool = False
    ) -> tuple[WorkspaceMember, bool]:
        """Make somebody a member, or give a member another role; return them, and whether the role is another. `None` is the default one.

        Raises `WorkspaceNotFound` and `TooManyMembers`, and where an owner is to be kept `LastOwner` instead of leaving none.
        """
        ...

    async def remove_member(self, name: WorkspaceName, user_id: str, *, keep_an_owner: bool = False) -> bool:
        """End a membership; tell whether there was one. Raises `WorkspaceNotFound`, and `LastOwner` as `set_member` does."""
        ...
