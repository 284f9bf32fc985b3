"""Workspaces in a database: the port `WorkspaceStore`."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import LastOwner, TooManyMembers, WorkspaceExists, WorkspaceNotFound
from collab.ports import Role, Workspace, WorkspaceMember, WorkspaceName
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import accounts, workspace_members, workspaces
from collab.storage.database import Database
from collab.storage.records import utc_now
from collab.storage.roles import name_of, role_named
from collab.storage.tables import authors

MAX_MEMBERS: Final = 10_000
"""Of one workspace."""

_GRANTED: Final = func.coalesce(workspace_members.c.role, workspaces.c.default_role).label("granted")
_MEMBERS: Final = (
    select(
        workspace_members.c.user_id,
        workspace_members.c.role,
        workspace_members.c.granted_by,
        workspace_members.c.created_at,
        _GRANTED,
        func.coalesce(accounts.c.name, authors.c.name).label("called"),
    )
    .join(workspaces, workspace_members.c.workspace_id == workspaces.c.id)
    .outerjoin(accounts, workspace_members.c.user_id == accounts.c.user_id)
    .outerjoin(authors, workspace_members.c.user_id == authors.c.user_id)
)


class SqlWorkspaceStore:
    """Keeps workspaces in the table `workspaces`, their members in `workspace_members`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, workspace: Workspace) -> Workspace:
        """Insert it."""
        values = {
            "name": workspace.name,
            "title": workspace.title,
            "default_role": name_of(workspace.default_role),
            "created_by": workspace.created_by,
            "created_at": workspace.created_at,
        }
        async with self._database.writing() as connection:
            try:
                await connection.execute(insert(workspaces).values(**values))
            except IntegrityError:
                raise WorkspaceExists(f"there is a workspace {workspace.name!r} already") from None
        return workspace

    async def get(self, name: WorkspaceName) -> Workspace:
        """Look it up by its name."""
        async with self._database.reading() as connection:
            row = (
                (await connection.execute(select(workspaces).where(workspaces.c.name == name))).mappings().one_or_none()
            )
        if row is None:
            raise _missing(name)
        return _workspace(row)

    async def list(self, user_id: str | None = None) -> Sequence[tuple[Workspace, Role | None]]:
        """Read the rows."""
        if user_id is None:
            statement = select(workspaces)
        else:
            statement = (
                select(workspaces, _GRANTED)
                .join(workspace_members, workspace_members.c.workspace_id == workspaces.c.id)
                .where(workspace_members.c.user_id == user_id)
            )
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement.order_by(workspaces.c.name))).mappings().all()
        return [(_workspace(row), role_named(row.get("granted"))) for row in rows]

    async def role_of(self, user_id: str, name: WorkspaceName) -> Role | None:
        """Look it up."""
        async with self._database.reading() as connection:
            return role_named(await connection.scalar(granted_in(user_id, workspaces.c.name == name)))

    async def change(
        self,
        name: WorkspaceName,
        *,
        title: str | None = None,
        default_role: Role | None = None,
        keep_an_owner: bool = False,
    ) -> tuple[Workspace, bool]:
        """Update the row where it says something new, and tell those whose role that changes."""
        wanted = {"title": title, "default_role": None if default_role is None else name_of(default_role)}
        async with self._database.writing() as connection:
            await begin_change(connection)
            number = await _number_of(connection, name)
            kept = select(workspaces).where(workspaces.c.id == number)
            row = (await connection.execute(kept)).mappings().one()
            changes = {field: value for field, value in wanted.items() if value is not None and value != row[field]}
            if changes:
                await connection.execute(update(workspaces).where(workspaces.c.id == number).values(**changes))
                row = (await connection.execute(kept)).mappings().one()
            if "default_role" in changes:
                await _tell_members(connection, number, workspace_members.c.role.is_(None))
                if keep_an_owner:
                    await _check_owners(connection, number)
        return _workspace(row), bool(changes)

    async def delete(self, name: WorkspaceName) -> None:
        """Delete the row, and tell the members."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            number = await _number_of(connection, name)
            await _tell_members(connection, number)
            await connection.execute(delete(workspaces).where(workspaces.c.id == number))

    async def members(self, name: WorkspaceName) -> Sequence[WorkspaceMember]:
        """Read the rows."""
        async with self._database.reading() as connection:
            number = await _number_of(connection, name)
            statement = _MEMBERS.where(workspace_members.c.workspace_id == number)
            rows = await connection.execute(
                statement.order_by(workspace_members.c.created_at, workspace_members.c.user_id)
            )
            return [member for row in rows.mappings() if (member := _member(row)) is not None]

    async def set_member(
        self, name: WorkspaceName, user_id: str, role: Role | None, *, granted_by: str, keep_an_owner: bool = False
    ) -> tuple[WorkspaceMember, bool]:
        """Write the row, and the news, where it says something new."""
        kept = None if role is None else name_of(role)
        async with self._database.writing() as connection:
            await begin_change(connection)
            number = await _number_of(connection, name)
            this = (workspace_members.c.workspace_id == number) & (workspace_members.c.user_id == user_id)
            had = (await connection.execute(select(workspace_members.c.role).where(this))).one_or_none()
            changed = had is None or had.role != kept
            if had is None:
                await _check_room(connection, number)
                await connection.execute(
                    insert(workspace_members).values(
                        workspace_id=number, user_id=user_id, role=kept, granted_by=granted_by, created_at=utc_now()
                    )
                )
            elif changed:
                await connection.execute(update(workspace_members).where(this).values(role=kept, granted_by=granted_by))
            if changed:
                if keep_an_owner:
                    await _check_owners(connection, number)
                await tell(connection, user_id)
            row = (await connection.execute(_MEMBERS.where(this))).mappings().one()
        member = WorkspaceMember(
            user_id,
            row["called"],
            role_named(row["granted"]) or Role.READER,
            role is None,
            row["granted_by"],
            row["created_at"],
        )
        return member, changed

    async def remove_member(self, name: WorkspaceName, user_id: str, *, keep_an_owner: bool = False) -> bool:
        """Delete the row, and tell."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            number = await _number_of(connection, name)
            removed = await connection.execute(
                delete(workspace_members).where(
                    workspace_members.c.workspace_id == number, workspace_members.c.user_id == user_id
                )
            )
            if removed.rowcount == 0:
                return False
            if keep_an_owner:
                await _check_owners(connection, number)
            await tell(connection, user_id)
        return True


def granted_in(user_id: str, chosen: ColumnElement[bool]) -> Select[tuple[str]]:
    """Return what reads the role that a user has in a workspace."""
    return (
        select(_GRANTED)
        .select_from(workspace_members)
        .join(workspaces, workspace_members.c.workspace_id == workspaces.c.id)
        .where(chosen, workspace_members.c.user_id == user_id)
    )


async def _number_of(connection: AsyncConnection, name: WorkspaceName) -> int:
    number: int | None = await connection.scalar(select(workspaces.c.id).where(workspaces.c.name == name))
    if number is None:
        raise _missing(name)
    return number


async def _tell_members(connection: AsyncConnection, number: int, *chosen: ColumnElement[bool]) -> None:
    users = select(workspace_members.c.user_id).where(workspace_members.c.workspace_id == number, *chosen)
    for user_id in (await connection.scalars(users)).all():
        await tell(connection, user_id)


async def _check_room(connection: AsyncConnection, number: int) -> None:
    count = select(func.count()).select_from(workspace_members).where(workspace_members.c.workspace_id == number)
    if (await connection.scalar(count) or 0) >= MAX_MEMBERS:
        raise TooManyMembers(f"the workspace has {MAX_MEMBERS} members and takes no more")


async def _check_owners(connection: AsyncConnection, number: int) -> None:
    """Raise `LastOwner` where a change leaves none, which is undone by that."""
    owners = _MEMBERS.where(workspace_members.c.workspace_id == number, _GRANTED.in_([name_of(Role.OWNER)])).limit(1)
    if (await connection.execute(owners)).first() is None:
        raise LastOwner("no owner would be left; make somebody else an owner first, or ask an admin")


def _missing(name: WorkspaceName) -> WorkspaceNotFound:
    return WorkspaceNotFound(f"there is no workspace {name!r}")


def _workspace(row: RowMapping) -> Workspace:
    return Workspace(
        WorkspaceName(row["name"]),
        row["title"],
        role_named(row["default_role"]) or Role.READER,
        row["created_by"],
        row["created_at"],
    )


def _member(row: RowMapping) -> WorkspaceMember | None:
    role = role_named(row["granted"])
    if role is None:
        return None
    return WorkspaceMember(
        row["user_id"], row["called"], role, row["role"] is None, row["granted_by"], row["created_at"]
    )
