"""Documents, their update log and their snapshots in SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collab.storage.database import open_database
from collab.storage.documents import SqlDocumentStore
from collab.storage.log import SqlUpdateLog
from collab.storage.migrations import Migrated, migrate

__all__ = ["Migrated", "SqlDocumentStore", "SqlUpdateLog", "Storage", "migrate", "open_storage"]


@dataclass(frozen=True, slots=True)
class Storage:
    """The two ports on one database."""

    log: SqlUpdateLog
    documents: SqlDocumentStore


@asynccontextmanager
async def open_storage(url: str) -> AsyncIterator[Storage]:
    """Open the storage in the database of this URL, and close it at the end. `migrate` comes first: this makes no tables.

    Raises `SettingsError` for a URL that is none of ours, `DatabaseUnavailable` for a database that cannot be opened.
    """
    async with open_database(url) as database:
        yield Storage(SqlUpdateLog(database), SqlDocumentStore(database))
