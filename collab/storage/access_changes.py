"""The news of changed rights, written in the transaction that changes them."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.storage.access_tables import access_changes
from collab.storage.records import utc_now

CHANGES_KEPT: Final = timedelta(hours=1)
"""Whoever has followed nothing for longer than that looks at everybody, as after a start."""

_ONE_AFTER_THE_OTHER: Final = text("LOCK TABLE access_changes IN SHARE ROW EXCLUSIVE MODE")
"""PostgreSQL numbers rows before they are committed; nobody may see a later one first, and then take the earlier one for seen."""


async def begin_change(connection: AsyncConnection) -> None:
    """Wait for others that change rights. Every transaction that calls `tell` begins with this, so that none waits crosswise."""
    if connection.dialect.name != "sqlite":  # which has one writer at a time anyway
        await connection.execute(_ONE_AFTER_THE_OTHER)


async def tell(connection: AsyncConnection, subject: str) -> None:
    """Say that somebody's rights have changed, or that a document was deleted, and forget what is old."""
    now = utc_now()
    await connection.execute(delete(access_changes).where(access_changes.c.at < now - CHANGES_KEPT))
    await connection.execute(insert(access_changes).values(user_id=subject, at=now))
