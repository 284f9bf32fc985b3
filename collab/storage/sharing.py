"""The members of documents in a database: the port `ShareStore`."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import RowMapping, delete, func, insert, literal, select, true, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import LastOwner, TooManyMembers
from collab.ports import ChangeNumber, DocumentId, DocumentName, Member, Role, Shared, WorkspaceName, strongest
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import access_changes, accounts, members, workspaces
from collab.storage.database import Database
from collab.storage.records import IS_LIVING, utc_now
from collab.storage.roles import name_of, role_named
from collab.storage.tables import authors, documents
from collab.storage.workspaces import granted_in

MAX_MEMBERS: Final = 10_000
"""Of one document; a team that is larger shares it by its tokens' prefixes."""

_MEMBERS: Final = (
    select(
        members.c.user_id,
        members.c.role,
        members.c.granted_by,
        members.c.created_at,
        func.coalesce(accounts.c.name, authors.c.name).label("name"),
    )
    .outerjoin_from(members, accounts, members.c.user_id == accounts.c.user_id)
    .outerjoin(authors, members.c.user_id == authors.c.user_id)
)


class SqlShareStore:
    """Keeps members in the table `members`, and the news in `access_changes`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def role_of(self, user_id: str, name: DocumentName, *, in_trash: bool = False) -> Role | None:
        """Look both up by the document's name."""
        meant = select(documents.c.id).where(documents.c.name == name)
        latest = meant.order_by(
            documents.c.deleted_at.is_(None).desc(), documents.c.deleted_at.desc(), documents.c.id.desc()
        ).limit(1)
        document = (latest if in_trash else meant.where(IS_LIVING)).scalar_subquery()
        in_document = select(members.c.role).where(members.c.document_id == document, members.c.user_id == user_id)
        workspace, slash, _ = name.partition("/")
        statement = (
            union_all(in_document, granted_in(user_id, workspaces.c.name == workspace)) if slash else in_document
        )
        async with self._database.reading() as connection:
            return strongest(*map(role_named, await connection.scalars(statement)))

    async def roles_of(self, user_id: str) -> Shared:
        """Look all of them up."""
        in_documents = (
            select(documents.c.name, members.c.role)
            .join(documents, members.c.document_id == documents.c.id)
            .where(members.c.user_id == user_id, IS_LIVING)
        )
        in_workspaces = granted_in(user_id, true()).add_columns(workspaces.c.name)
        async with self._database.reading() as connection:
            of_documents = [(DocumentName(row.name), row.role) for row in await connection.execute(in_documents)]
            of_workspaces = [(WorkspaceName(row.name), row.granted) for row in await connection.execute(in_workspaces)]
        return Shared(
            {name: role for name, granted in of_documents if (role := role_named(granted)) is not None},
            {name: role for name, granted in of_workspaces if (role := role_named(granted)) is not None},
        )

    async def members(self, document: DocumentId) -> Sequence[Member]:
        """Read the rows that hold a role; one that was damaged gives nobody any."""
        statement = _MEMBERS.where(members.c.document_id == document).order_by(members.c.created_at, members.c.user_id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [member for row in rows if (member := _member(row)) is not None]

    async def set_member(
        self, document: DocumentId, user_id: str, role: Role, *, granted_by: str, keep_an_owner: bool = False
    ) -> tuple[Member, bool]:
        """Write the row, and the news where it says something new."""
        this = (members.c.document_id == document) & (members.c.user_id == user_id)
        async with self._database.writing() as connection:
            await begin_change(connection)
            had = await connection.scalar(select(members.c.role).where(this))
            if keep_an_owner and role is not Role.OWNER:
                await _check_owners(connection, document, user_id)
            if had is None:
                await _check_room(connection, document)
                values = {"document_id": document, "user_id": user_id, "created_at": utc_now()}
                await connection.execute(insert(members).values(**values, role=name_of(role), granted_by=granted_by))
            elif had != name_of(role):
                await connection.execute(update(members).where(this).values(role=name_of(role), granted_by=granted_by))
            if had != name_of(role):
                await tell(connection, user_id)
            row = (await connection.execute(_MEMBERS.where(this))).mappings().one()
        return Member(row["user_id"], row["name"], role, row["granted_by"], row["created_at"]), had != name_of(role)

    async def remove_member(self, document: DocumentId, user_id: str, *, keep_an_owner: bool = False) -> bool:
        """Delete the row, and tell."""
        this = (members.c.document_id == document) & (members.c.user_id == user_id)
        async with self._database.writing() as connection:
            await begin_change(connection)
            if keep_an_owner:
                await _check_owners(connection, document, user_id)
            if (await connection.execute(delete(members).where(this))).rowcount == 0:
                return False
            await tell(connection, user_id)
        return True

    async def latest_change(self) -> ChangeNumber:
        """Read the highest number."""
        async with self._database.reading() as connection:
            return ChangeNumber(await connection.scalar(select(func.max(access_changes.c.id))) or 0)

    async def changed_since(self, number: ChangeNumber) -> tuple[ChangeNumber, frozenset[str]]:
        """Read the rows after it."""
        statement = select(access_changes.c.id, access_changes.c.user_id).where(access_changes.c.id > literal(number))
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).all()
        latest = max((row.id for row in rows), default=number)
        return ChangeNumber(latest), frozenset(row.user_id for row in rows)


async def _check_room(connection: AsyncConnection, document: DocumentId) -> None:
    count = select(func.count()).select_from(members).where(members.c.document_id == document)
    if (await connection.scalar(count) or 0) >= MAX_MEMBERS:
        raise TooManyMembers(f"the document has {MAX_MEMBERS} members and takes no more")


async def _check_owners(connection: AsyncConnection, document: DocumentId, user_id: str) -> None:
    """Raise `LastOwner` where this user is the only owner."""
    owners = select(members.c.user_id).where(members.c.document_id == document, members.c.role == name_of(Role.OWNER))
    if (await connection.scalars(owners)).all() == [user_id]:
        raise LastOwner("no owner would be left; make somebody else an owner first")


def _member(row: RowMapping) -> Member | None:
    role = role_named(row["role"])
    if role is None:
        return None
    return Member(row["user_id"], row["name"], role, row["granted_by"], row["created_at"])
