"""Brings the database's schema up to what this version needs, and tells whether it is.

The revisions lie in `migrations/` of a checkout, and in `collab/_migrations` of an installed wheel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

import collab
from collab.errors import DatabaseUnavailable, StorageError
from collab.storage.address import Address
from collab.storage.database import open_database
from collab.storage.tables import metadata

_POSTGRES_LOCK: Final = 0x636F6C6C6162
"""The advisory lock (the letters of "collab") that lets one process migrate at a time."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which revision the schema came, and to which."""

    before: str | None
    """`None` for a database that was new."""

    after: str


Notice = Callable[[int, int], None]
"""Is told how many revisions have been applied, of how many."""


async def migrate(url: str, notice: Notice = lambda _applied, _all: None) -> Migrated:
    """Bring the schema of the database of this URL up to date, in one transaction; harmless to repeat, and from several processes at once.

    Tells `notice` of each revision, first of none. Raises `StorageError` for a database that a newer version has migrated, or that has
    tables of our names which no version made, and whatever `open_database` raises.
    """
    async with open_database(url, statement_timeout=None) as database, database.writing() as connection:
        # On SQLite the transaction itself holds the lock.
        if not database.is_sqlite:
            await connection.execute(select(func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
        before = await connection.run_sync(_revision)
        if before is not None and before not in _known_revisions():
            raise StorageError(f"{database.address} {_too_new(before)}; start the newer one")
        if before is None and (strange := await connection.run_sync(_strange_tables)):
            raise StorageError(
                f"{database.address} is no database of Collab's: it has tables {strange} of something else; expected none of these names"
            )
        if before != needed_revision():
            await connection.run_sync(_upgrade, before, notice)
        return Migrated(before, needed_revision())


async def check_schema(connection: AsyncConnection, address: Address) -> None:
    """Check that the schema is the one this version needs. Raises `DatabaseUnavailable`, saying what to do."""
    revision = await connection.run_sync(_revision)
    if revision == needed_revision():
        return
    if revision is None:
        raise DatabaseUnavailable(f"{address} has no tables of ours; `collab migrate` makes them")
    if revision not in _known_revisions():
        raise DatabaseUnavailable(f"{address} {_too_new(revision)}")
    raise DatabaseUnavailable(
        f"{address} is at revision {revision}; expected {needed_revision()}, to which `collab migrate` brings it"
    )


def needed_revision() -> str:
    """Return the revision of the schema that this version works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise StorageError(f"no revisions are in {migrations_directory()}; this installation is incomplete")
    return head


def _too_new(revision: str) -> str:
    return (
        f"is at revision {revision}, made by a newer version of Collab; this one knows those up to {needed_revision()}"
    )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _strange_tables(connection: Connection) -> list[str]:
    """Return the tables that stand where ours would come."""
    return sorted(metadata.tables.keys() & inspect(connection).get_table_names())


def _upgrade(connection: Connection, before: str | None, notice: Notice) -> None:
    missing = len(list(_scripts().iterate_revisions("head", before or "base")))
    applied = count(1)
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["on_version_apply"] = lambda **_: notice(next(applied), missing)
    notice(0, missing)
    command.upgrade(config, "head")


def migrations_directory() -> Path:
    """Return where the revisions lie."""
    package = Path(collab.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@cache
def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in _scripts().walk_revisions())
