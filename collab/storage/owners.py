"""Whose the client ids of a document are, read from the table `claims`."""

from typing import Final

from sqlalchemy import Connection, RowMapping, select

from collab.ports import DocumentId
from collab.rooms.claims import NOBODY
from collab.storage.authors import is_number, read_authors
from collab.storage.row_by_row import no_naturals, read_all, read_row_by_row, row_id
from collab.storage.tables import authors, claims

CLAIM: Final = row_id(claims)
"""What tells one claim from another, also where it cannot be read."""

_OWNERS: Final = select(claims.c.client_id, authors.c.user_id, authors.c.name).outerjoin_from(
    claims, authors, claims.c.author_id == authors.c.id
)
_NO_NUMBER: Final = 0
"""The number of no author."""


def flaws_of_claim(row: RowMapping) -> list[str]:
    """Say what of a claim this program never wrote."""
    return no_naturals(row, "client_id", "author_id")


def read_owner_numbers(connection: Connection, document: DocumentId) -> dict[int, int]:
    """Return the number of the user whose each client id is; that of no author, where the claim on it cannot be read."""
    claimed = select(claims.c.client_id, claims.c.author_id).where(claims.c.document_id == document)
    read = read_row_by_row(connection, claimed, CLAIM)
    rows = [row for row in read.rows if not no_naturals(row, "client_id")]
    owners = {row["client_id"]: row["author_id"] if is_number(row["author_id"]) else _NO_NUMBER for row in rows}
    if read.unreadable:
        ids = read_row_by_row(connection, claimed.with_only_columns(claims.c.client_id), CLAIM)
        owners = dict.fromkeys((row["client_id"] for row in ids.rows), _NO_NUMBER) | owners
    return owners


def read_owners(connection: Connection, document: DocumentId) -> dict[int, str]:
    """Return the user whose each client id is; nobody's for good, where that is an author who cannot be read."""
    try:
        rows = read_all(connection, _OWNERS.where(claims.c.document_id == document))
    except ValueError:
        return _read_damaged_owners(connection, document)
    if any(no_naturals(row, "client_id") or not _is_known(row) for row in rows):
        return _read_damaged_owners(connection, document)
    return {row["client_id"]: row["user_id"] for row in rows}


def _is_known(row: RowMapping) -> bool:
    return isinstance(row["user_id"], str) and isinstance(row["name"], str)


def _read_damaged_owners(connection: Connection, document: DocumentId) -> dict[int, str]:
    owners = read_owner_numbers(connection, document)
    chosen = authors.c.id.in_(select(claims.c.author_id).where(claims.c.document_id == document))
    known = (read_authors(connection, chosen)).known
    return {client: known.get(number, NOBODY).user_id for client, number in owners.items()}
