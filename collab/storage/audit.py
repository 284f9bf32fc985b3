"""The audit log in a database: the port `AuditLog`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import ColumnElement, RowMapping, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.ports import Act, AuditAction, AuditEntry, AuditFilter
from collab.storage.access_changes import begin_change
from collab.storage.access_tables import accounts, audit_log
from collab.storage.database import Database
from collab.storage.documents import can_be_stored
from collab.storage.records import utc_now
from collab.storage.tables import authors

MAX_TEXT_LENGTH: Final = 300
"""Of a subject, and of each detail. Nothing leaves the log, and some of it is as long as somebody likes."""

_ENTRIES: Final = (
    select(audit_log, func.coalesce(accounts.c.name, authors.c.name).label("actor_name"))
    .outerjoin(accounts, audit_log.c.actor == accounts.c.user_id)
    .outerjoin(authors, audit_log.c.actor == authors.c.user_id)
)


async def write_down(connection: AsyncConnection, act: Act) -> None:
    """Insert a row for an act, at this moment, in the transaction of the connection."""
    await connection.execute(
        insert(audit_log).values(
            at=utc_now(),
            action=act.action.value,
            actor=_storable(act.actor),
            address=act.address,
            document=None if act.document is None else _storable(act.document),
            subject=None if act.subject is None else _bounded(act.subject),
            details={name: _bounded(value) for name, value in act.details.items()},
        )
    )


class SqlAuditLog:
    """Keeps the log in the table `audit_log`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, act: Act) -> None:
        """Insert a row."""
        async with self._database.writing() as connection:
            await write_down(connection, act)

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Join the transactions, and begin as each that changes rights does."""
        async with self._database.together(), self._database.writing() as connection:
            await begin_change(connection)
            yield

    async def page(self, wanted: AuditFilter, *, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        """Read the rows, the newest first."""
        if not all(
            can_be_stored(text or "") for text in (wanted.actor, wanted.address, wanted.document, wanted.subject)
        ):
            return []
        chosen = _chosen(wanted)
        if before is not None:
            chosen.append(audit_log.c.id < before)
        statement = _ENTRIES.where(*chosen).order_by(audit_log.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement)
            return [_entry(row) for row in rows.mappings()]


def _storable(text: str) -> str:
    """Return a text as every database keeps it: what a stranger has typed may hold what one of them does not."""
    if can_be_stored(text):
        return text
    return text.encode("ascii", "backslashreplace").decode().replace("\x00", "\\x00")


def _bounded(text: str) -> str:
    kept = _storable(text)
    return kept if len(kept) <= MAX_TEXT_LENGTH else f"{kept[:MAX_TEXT_LENGTH]}… ({len(text)} characters)"


def _chosen(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    actions = AuditAction if wanted.actions is None else wanted.actions
    # What a newer version has written is not read here, and must not count as a row of the page.
    chosen: list[ColumnElement[bool]] = [audit_log.c.action.in_([action.value for action in actions])]
    for column, value in (
        (audit_log.c.actor, wanted.actor),
        (audit_log.c.address, wanted.address),
        (audit_log.c.document, wanted.document),
        (audit_log.c.subject, wanted.subject),
    ):
        if value is not None:
            chosen.append(column == value)
    if wanted.since is not None:
        chosen.append(audit_log.c.at >= wanted.since)
    if wanted.until is not None:
        chosen.append(audit_log.c.at < wanted.until)
    return chosen


def _entry(row: RowMapping) -> AuditEntry:
    details = row["details"]
    return AuditEntry(
        number=row["id"],
        at=row["at"],
        actor_name=row["actor_name"],
        act=Act(
            action=AuditAction(row["action"]),
            actor=row["actor"],
            address=row["address"],
            document=row["document"],
            subject=row["subject"],
            details={str(key): str(value) for key, value in details.items()} if isinstance(details, dict) else {},
        ),
    )
