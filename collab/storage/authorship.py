"""The authorship of a document as its rows hold it: folded into the snapshot with the updates themselves, and read whole."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from anyio import to_thread
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import CorruptDocument, ProtocolError, UpdateError
from collab.offloading import offloaded
from collab.ports import DocumentAuthorship, DocumentId
from collab.rooms.claims import Author
from collab.rooms.deliveries import UNKNOWN_TIME
from collab.rooms.folding import LogRow, Stored, authorship_in
from collab.rooms.poison import PoisonedReplica
from collab.storage.authors import is_number, read_authors, with_numbers
from collab.storage.credit_notes import read_credited
from collab.storage.database import Database
from collab.storage.owners import read_owner_numbers
from collab.storage.records import read_rows, snapshot_of, update_of
from collab.storage.stored_bytes import Encoding, decode_state, encode_state, stored_bytes, verify

UNREADABLE: Final = (TypeError, ValueError, UpdateError, ProtocolError, PoisonedReplica)
"""What `stored_of`, and what folds its result, raises for content that this program never wrote."""

_PLAIN: Final = 0
_COMPRESSED: Final = 1
_ENCODINGS: Final = {_PLAIN: Encoding.IDENTITY, _COMPRESSED: Encoding.ZSTD}


def stored_of(snapshot: RowMapping | None, rows: Sequence[RowMapping]) -> Stored:
    """Return what the rows of a document hold. Raises `ValueError` or `TypeError` for content that this program never wrote."""
    log = tuple(LogRow(update_of(row), *_delivery(row)) for row in rows)
    if snapshot is None:
        return Stored(None, None, log)
    state = snapshot_of(snapshot)
    try:
        return Stored(state, encoded_authorship(snapshot), log)
    except (TypeError, ValueError) as error:
        return Stored(state, None, log, str(error))


def encoded_authorship(snapshot: RowMapping) -> bytes | None:
    """Return the record of who wrote a snapshot. Raises `ValueError` or `TypeError` for what this program never wrote."""
    if snapshot["authorship"] is snapshot["authorship_checksum"] is None:
        return None
    stored = stored_bytes(snapshot["authorship"])
    verify("the record of who wrote the snapshot", stored, snapshot["authorship_checksum"])
    return decode_state(_ENCODINGS.get(stored[0] if stored else -1), stored[1:])


def stored_authorship(encoded: bytes) -> bytes:
    """Return the record of who wrote a snapshot as its row holds it."""
    written = encode_state(encoded)
    return bytes((_COMPRESSED if written.encoding is Encoding.ZSTD else _PLAIN,)) + written.stored


def _delivery(row: RowMapping) -> tuple[int | None, int]:
    """Return who delivered a row of the log and when; nobody, at an unknown time, where SQLite holds no number of an author."""
    author = row["author_id"]
    if author is not None and not is_number(author):
        return None, UNKNOWN_TIME
    return author, int(row["created_at"].timestamp())


async def authors_by_number(connection: AsyncConnection, numbers: Iterable[int | None]) -> Mapping[int | None, Author]:
    """Return the authors that have these numbers and can be read."""
    return (await connection.run_sync(read_authors, with_numbers(numbers))).known


class SqlAuthorshipStore:
    """Reads authorship from `snapshots`, `updates`, `claims`, `credit_notes` and `authors`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, document: DocumentId) -> DocumentAuthorship:
        """Read everything in one view, fold it, and read the authors' names, which never go."""
        async with self._database.reading() as connection:
            snapshot, rows = await connection.run_sync(read_rows, document)
            owners = await connection.run_sync(read_owner_numbers, document)
            credited = await connection.run_sync(read_credited, document)
        try:
            stored = await to_thread.run_sync(stored_of, snapshot, rows)
            read = await offloaded(stored.weight, authorship_in, stored)
        except UNREADABLE as error:
            raise CorruptDocument(
                f"the authorship of the document with id {document} cannot be read: {error}"
            ) from error
        numbers = {*read.authorship.written.authors(), *read.authorship.deleted.authors(), *owners.values()}
        async with self._database.reading() as connection:
            names = await authors_by_number(connection, numbers)
        return DocumentAuthorship(read.authorship, owners, credited, names, read.damage)
