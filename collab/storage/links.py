"""Share links in a database: the port `LinkStore`."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, delete, func, insert, or_, select

from collab.errors import TooManyLinks
from collab.ports import DocumentId, DocumentName, LinkNumber, NewLink, ShareLink, link_subject
from collab.storage.access_changes import begin_change, tell
from collab.storage.access_tables import links
from collab.storage.database import Database
from collab.storage.records import IS_LIVING, utc_now
from collab.storage.roles import name_of, role_named
from collab.storage.tables import documents

MAX_LINKS: Final = 100
"""Of one document."""

_LINKS: Final = select(links, documents.c.name.label("document")).join(documents, links.c.document_id == documents.c.id)


class SqlLinkStore:
    """Keeps share links in the table `links`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, document: DocumentId, new: NewLink, secret_hash: bytes) -> ShareLink:
        """Insert it."""
        now = utc_now()
        async with self._database.writing() as connection:
            await begin_change(connection)  # no other counts beside it
            count = select(func.count()).select_from(links).where(links.c.document_id == document)
            if (await connection.scalar(count) or 0) >= MAX_LINKS:
                raise TooManyLinks(f"the document has {MAX_LINKS} links and takes no more; revoke some first")
            made = await connection.execute(
                insert(links)
                .values(
                    document_id=document,
                    secret_hash=secret_hash,
                    secret=new.secret,
                    role=name_of(new.role),
                    guests=new.guests,
                    password_hash=new.password_hash,
                    created_by=new.created_by,
                    created_at=now,
                    expires_at=new.expires_at,
                )
                .returning(links.c.id)
            )
            name = await connection.scalar(select(documents.c.name).where(documents.c.id == document))
            number = LinkNumber(made.scalar_one())
        return ShareLink(
            number=number,
            document=DocumentName(name or ""),
            secret=new.secret,
            role=new.role,
            guests=new.guests,
            password_hash=new.password_hash,
            created_by=new.created_by,
            created_at=now,
            expires_at=new.expires_at,
        )

    async def of(self, document: DocumentId) -> Sequence[ShareLink]:
        """Read the rows that hold a role."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_LINKS.where(links.c.document_id == document).order_by(links.c.id))
            return [link for row in rows.mappings() if (link := _link(row)) is not None]

    async def find(self, secret_hash: bytes) -> ShareLink | None:
        """Look it up by its hash."""
        return await self._one(links.c.secret_hash == secret_hash)

    async def get(self, number: LinkNumber) -> ShareLink | None:
        """Look it up by its number."""
        return await self._one(links.c.id == number)

    async def end(self, document: DocumentId, number: LinkNumber) -> bool:
        """Delete the row, and tell."""
        async with self._database.writing() as connection:
            await begin_change(connection)
            ended = await connection.execute(delete(links).where(links.c.id == number, links.c.document_id == document))
            if ended.rowcount == 0:
                return False
            await tell(connection, link_subject(number))
        return True

    async def _one(self, chosen: ColumnElement[bool]) -> ShareLink | None:
        is_good = or_(links.c.expires_at.is_(None), links.c.expires_at > utc_now())
        async with self._database.reading() as connection:
            row = (await connection.execute(_LINKS.where(chosen, is_good, IS_LIVING))).mappings().one_or_none()
        return None if row is None else _link(row)


def _link(row: RowMapping) -> ShareLink | None:
    role = role_named(row["role"])
    if role is None:
        return None
    return ShareLink(
        number=LinkNumber(row["id"]),
        document=DocumentName(row["document"]),
        secret=row["secret"],
        role=role,
        guests=row["guests"],
        password_hash=row["password_hash"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
