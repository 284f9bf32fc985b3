"""The authorship of a document as its rows hold it: folded into the snapshot with the updates themselves, and read whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from anyio import to_thread
from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument, ProtocolError
from collab.ports import DocumentAuthorship, DocumentId
from collab.rooms.authorship import Authorship, fold
from collab.rooms.claims import Author
from collab.storage.credit_notes import read_credited
from collab.storage.database import Database
from collab.storage.records import read_rows, update_of
from collab.storage.stored_bytes import Encoding, decode_state, encode_state, stored_bytes
from collab.storage.tables import authors, claims

_PLAIN: Final = 0
_COMPRESSED: Final = 1
_ENCODINGS: Final = {_PLAIN: Encoding.IDENTITY, _COMPRESSED: Encoding.ZSTD}


def folded_authorship(snapshot: RowMapping | None, rows: Iterable[RowMapping]) -> bytes:
    """Return the authorship for the snapshot that takes the place of this one and of these rows.

    Raises `ValueError` or `TypeError` for what this program never wrote, and `ProtocolError` where a row is no update.
    """
    written = encode_state(fold(_authorship_of(snapshot), map(_delivered, rows)))
    return bytes((_COMPRESSED if written.encoding is Encoding.ZSTD else _PLAIN,)) + written.stored


def _authorship_of(snapshot: RowMapping | None) -> bytes | None:
    if snapshot is None or snapshot["authorship"] is None:
        return None
    stored = stored_bytes(snapshot["authorship"])
    return decode_state(_ENCODINGS.get(stored[0] if stored else -1), stored[1:])


def _delivered(row: RowMapping) -> tuple[bytes, int | None, int]:
    return update_of(row), row["author_id"], int(row["created_at"].timestamp())


def authorship_in(snapshot: RowMapping | None, rows: Iterable[RowMapping]) -> Authorship:
    """Return the authorship of everything that is stored. Raises as `folded_authorship` does."""
    authorship = Authorship(_authorship_of(snapshot))
    for row in rows:
        authorship.add(*_delivered(row))
    return authorship


async def authors_by_number(connection: AsyncConnection, numbers: Iterable[int | None]) -> Mapping[int | None, Author]:
    """Return the authors that have these numbers."""
    wanted = {number for number in numbers if number is not None}
    found = await connection.execute(select(authors).where(authors.c.id.in_(wanted)))
    return {row.id: Author(row.user_id, row.name) for row in found}


class SqlAuthorshipStore:
    """Reads authorship from `snapshots`, `updates`, `claims`, `credit_notes` and `authors`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, document: DocumentId) -> DocumentAuthorship:
        """Read everything in one view, and fold it in a thread."""
        async with self._database.reading() as connection:
            snapshot, rows = await read_rows(connection, document)
            owned = await connection.execute(
                select(claims.c.client_id, claims.c.author_id).where(claims.c.document_id == document)
            )
            owners = {row.client_id: row.author_id for row in owned}
            authorship = await self._read(document, snapshot, rows)
            credited = await read_credited(connection, document)
            numbers = {*authorship.written.authors(), *authorship.deleted.authors(), *owners.values()}
            names = await authors_by_number(connection, numbers)
        return DocumentAuthorship(authorship, owners, credited, names)

    async def _read(self, document: DocumentId, snapshot: RowMapping | None, rows: Sequence[RowMapping]) -> Authorship:
        try:
            return await to_thread.run_sync(authorship_in, snapshot, rows)
        except (ProtocolError, TypeError, ValueError) as error:
            raise CorruptDocument(
                f"the authorship of the document with id {document} cannot be read: {error}"
            ) from error
