"""The counters that ids come from: each stands where the last id was given, also when its row is gone since.

Sources: https://www.sqlite.org/autoinc.html; https://www.postgresql.org/docs/current/functions-sequence.html
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.storage.tables import metadata

COUNTED: Final = tuple(table for table in metadata.sorted_tables if "id" in table.primary_key.columns)
"""Tables whose rows get ids by themselves."""


async def read_counters(connection: AsyncConnection) -> dict[str, int]:
    """Return the last id that each table gave; 0 where it gave none."""
    if connection.dialect.name == "sqlite":
        rows = await connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        counters = {row.name: row.seq for row in rows}
        return {table.name: counters.get(table.name, 0) for table in COUNTED}
    last = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass)"
    return {table.name: await connection.scalar(text(last), {"name": table.name}) or 0 for table in COUNTED}


def set_counters(connection: Connection, counters: Mapping[str, int]) -> None:
    """Have each table go on counting from here, or from its highest id where that is higher."""
    for table in COUNTED:
        highest = connection.scalar(select(func.max(table.c.id))) or 0
        last = {"name": table.name, "last": max(counters.get(table.name, 0), highest)}
        if not last["last"]:
            continue
        if connection.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), last)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), last)
        else:
            connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), last)
