"""Units that came under a client id from another than its user, in the table `credit_notes`."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.ports import Append, DocumentId
from collab.rooms.authorship import Deliveries
from collab.rooms.claims import Author
from collab.rooms.credit_notes import Standing, Units
from collab.storage.tables import authors, claims, credit_notes


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


async def read_owners(connection: AsyncConnection, document: DocumentId) -> dict[int, str]:
    """Return the user whose each client id is."""
    found = await connection.execute(
        select(claims.c.client_id, authors.c.user_id)
        .join(authors, authors.c.id == claims.c.author_id)
        .where(claims.c.document_id == document)
    )
    return {row.client_id: row.user_id for row in found}


async def read_open_units(connection: AsyncConnection, document: DocumentId) -> tuple[Units, ...]:
    """Return the units that nobody is credited for yet."""
    found = await connection.execute(
        select(credit_notes.c.client_id, credit_notes.c.first_clock, credit_notes.c.end_clock)
        .where(credit_notes.c.document_id == document, credit_notes.c.author_id.is_(None))
        .order_by(credit_notes.c.client_id, credit_notes.c.first_clock)
    )
    return tuple(Units(row.client_id, row.first_clock, row.end_clock) for row in found)


async def read_credited(connection: AsyncConnection, document: DocumentId) -> Deliveries:
    """Return the units that somebody was credited for; their times are zero."""
    found = await connection.execute(
        select(credit_notes).where(credit_notes.c.document_id == document, credit_notes.c.author_id.is_not(None))
    )
    credited = Deliveries()
    for row in found:
        credited.add(row.client_id, row.first_clock, row.end_clock, row.author_id, 0)
    return credited
