"""Units that came under a client id from another than its user, in the table `credit_notes`."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select

from collab.ports import Append, DocumentId
from collab.rooms.claims import Author
from collab.rooms.credit_notes import Standing, Units
from collab.rooms.deliveries import Deliveries
from collab.storage.row_by_row import no_naturals, read_row_by_row, row_id
from collab.storage.tables import credit_notes

CREDIT_NOTE: Final = row_id(credit_notes)
"""What tells one note from another, also where it cannot be read."""


def write_credit_notes(
    connection: Connection, batch: Sequence[Append], ids: Mapping[Author | None, int | None]
) -> None:
    """Let each note of a batch take the place of what was noted of its units before."""
    for append in sorted(batch, key=lambda append: append.document):  # two nodes never wait crosswise
        for units, standing, author in append.credit_notes:
            connection.execute(
                delete(credit_notes).where(
                    credit_notes.c.document_id == append.document,
                    credit_notes.c.client_id == units.client,
                    credit_notes.c.first_clock >= units.start,
                    credit_notes.c.first_clock < units.end,
                )
            )
            if standing is not Standing.CLOSED:
                connection.execute(
                    insert(credit_notes).values(
                        document_id=append.document,
                        client_id=units.client,
                        first_clock=units.start,
                        end_clock=units.end,
                        author_id=ids.get(author),
                    )
                )


def flaws_of_credit_note(row: RowMapping) -> list[str]:
    """Say what of a credit note this program never wrote."""
    flaws = no_naturals(row, "client_id", "first_clock", "end_clock")
    return flaws if row["author_id"] is None else [*flaws, *no_naturals(row, "author_id")]


def read_open_units(connection: Connection, document: DocumentId) -> tuple[Units, ...]:
    """Return the units that nobody is credited for yet, and may be; a note that cannot be read credits nobody."""
    notes = _sound_notes(connection, document, credit_notes.c.author_id.is_(None))
    return tuple(Units(row["client_id"], row["first_clock"], row["end_clock"]) for row in notes)


def read_credited(connection: Connection, document: DocumentId) -> Deliveries:
    """Return the units that somebody was credited for; their times are zero. A note that cannot be read credits nobody."""
    credited = Deliveries()
    for row in _sound_notes(connection, document, credit_notes.c.author_id.is_not(None)):
        credited.add(row["client_id"], row["first_clock"], row["end_clock"], row["author_id"], 0)
    return credited


def _sound_notes(connection: Connection, document: DocumentId, chosen: ColumnElement[bool]) -> list[RowMapping]:
    notes = (
        select(credit_notes)
        .where(credit_notes.c.document_id == document, chosen)
        .order_by(credit_notes.c.client_id, credit_notes.c.first_clock)
    )
    read = read_row_by_row(connection, notes, CREDIT_NOTE)
    return [row for row in read.rows if not flaws_of_credit_note(row)]
