"""Rows that belong to no document. No server leaves any; on SQLite other programs may, for each connection says anew whether it minds."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Orphan:
    """A row whose document is not there."""

    table: str
    row: int
    """SQLite's number of the row; its id, where it has one."""


async def find_orphans(connection: AsyncConnection) -> list[Orphan]:
    """Return all of them; PostgreSQL lets none be."""
    if connection.dialect.name != "sqlite":
        return []
    found = await connection.execute(text("PRAGMA foreign_key_check"))
    return sorted((Orphan(row[0], row[1]) for row in found), key=lambda orphan: (orphan.table, orphan.row))
