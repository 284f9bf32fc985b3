"""Tickets in a database: the port `TicketStore`."""

from sqlalchemy import RowMapping, delete, insert, select

from collab.ports import Ticket, TicketKind
from collab.storage.access_tables import tickets
from collab.storage.database import Database
from collab.storage.records import utc_now
from collab.storage.tables import fold


class SqlTicketStore:
    """Keeps tickets in the table `tickets`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, ticket: Ticket, secret_hash: bytes, *, issued_by: str) -> None:
        """Insert it, and delete what has expired or is replaced."""
        now = utc_now()
        async with self._database.writing() as connection:
            await connection.execute(delete(tickets).where(tickets.c.expires_at <= now))
            if ticket.kind is TicketKind.RESET:
                await connection.execute(delete(tickets).where(tickets.c.user_id == ticket.user_id))
            await connection.execute(
                insert(tickets).values(
                    secret_hash=secret_hash,
                    kind=ticket.kind.value,
                    email=ticket.email,
                    user_id=ticket.user_id,
                    admin=ticket.admin,
                    issued_by=issued_by,
                    created_at=now,
                    expires_at=ticket.expires_at,
                )
            )

    async def look(self, secret_hash: bytes) -> Ticket | None:
        """Look it up by its hash."""
        statement = select(tickets).where(tickets.c.secret_hash == secret_hash, tickets.c.expires_at > utc_now())
        async with self._database.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else _ticket_of(row)

    async def invitation_for(self, email: str) -> tuple[Ticket, bytes] | None:
        """Read those that name somebody: few are open at a time, and none is kept folded."""
        statement = (
            select(tickets)
            .where(
                tickets.c.kind == TicketKind.INVITATION.value,
                tickets.c.email.is_not(None),
                tickets.c.expires_at > utc_now(),
            )
            .order_by(tickets.c.id.desc())
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        found = next((row for row in rows if fold(row["email"]) == fold(email)), None)
        return None if found is None else (_ticket_of(found), found["secret_hash"])


def _ticket_of(row: RowMapping) -> Ticket:
    return Ticket(TicketKind(row["kind"]), row["email"], row["user_id"], row["admin"], row["expires_at"])
