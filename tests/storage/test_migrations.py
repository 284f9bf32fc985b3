"""The revisions make the tables that the program works on, once, and never touch a newer database."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from anyio import create_task_group
from sqlalchemy import Connection, inspect, text

import collab
from collab.errors import DatabaseUnavailable, StorageError
from collab.ports import DocumentKind, DocumentName, VersionKind
from collab.storage import Migrated, migrate, open_storage
from collab.storage.database import open_database
from collab.storage.migrations import migrations_directory, needed_revision
from collab.storage.tables import metadata
from tests.contracts.postgres import own_database


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
    else:
        async with own_database(postgres_server) as url:
            yield url


async def test_a_new_database_is_migrated_once(empty_url: str) -> None:
    assert await migrate(empty_url) == Migrated(None, needed_revision())
    assert await migrate(empty_url) == Migrated(needed_revision(), needed_revision())
    async with open_storage(empty_url) as storage:
        await storage.documents.ready()


async def test_the_revisions_make_the_tables_that_the_program_works_on(empty_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, metadata))

    await migrate(empty_url)
    async with open_database(empty_url) as database, database.writing() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_revisions_make_the_indexes_that_the_program_works_on(empty_url: str) -> None:
    """`compare_metadata` looks neither at what makes an index partial nor at SQLite's AUTOINCREMENT."""
    await migrate(empty_url)
    async with open_database(empty_url) as database:
        async with database.writing() as connection:
            migrated = await connection.run_sync(partial_indexes)
        async with database.writing() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)
        async with database.writing() as connection:
            assert await connection.run_sync(partial_indexes) == migrated
    assert len(migrated) > 0


def partial_indexes(connection: Connection) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql LIKE 'CREATE%' "
                "AND tbl_name NOT IN ('alembic_version', 'sqlite_sequence')"
            )
        )
        return {row.name: _essence(row.sql) for row in rows}
    rows = connection.execute(
        text("SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public'")
    )
    return {row.name: row.sql for row in rows if not row.name.startswith("alembic")}


def _essence(sql: str) -> str:
    """Return of a table whether it counts for ever, for its columns are compared elsewhere; of an index everything."""
    words = " ".join(sql.lower().replace(", ", " ").split())
    return words if "index" in words.split("(")[0] else f"autoincrement: {'autoincrement' in words}"


async def test_each_revision_is_told_of_as_it_is_applied(empty_url: str) -> None:
    told: list[tuple[int, int]] = []
    await migrate(empty_url, lambda applied, count: told.append((applied, count)))
    assert len(told) > 1
    assert told == [(applied, len(told) - 1) for applied in range(len(told))]
    told.clear()
    await migrate(empty_url, lambda applied, count: told.append((applied, count)))
    assert told == []


async def test_several_at_once_migrate_once(empty_url: str) -> None:
    outcomes: list[Migrated] = []

    async def run() -> None:
        outcomes.append(await migrate(empty_url))

    async with create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(run)
    assert sorted(outcome.before is None for outcome in outcomes) == [False, False, False, True]


def test_several_processes_at_once_migrate_once(tmp_path: Path) -> None:
    program = f"import asyncio, collab.storage; print(asyncio.run(collab.storage.migrate('sqlite:///{tmp_path}/new.db')).before)"
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outcomes = [process.communicate(timeout=60) for process in processes]
    head = needed_revision()
    assert sorted(out.strip() + err for out, err in outcomes) == [head, head, "None"]


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty_url: str) -> None:
    await migrate(empty_url)
    await set_revision(empty_url, "9999")
    with pytest.raises(
        StorageError, match=f"revision 9999, made by a newer version of Collab.*up to {needed_revision()}"
    ):
        await migrate(empty_url)
    async with open_storage(empty_url) as storage:
        with pytest.raises(DatabaseUnavailable, match="revision 9999, made by a newer version"):
            await storage.documents.ready()


async def test_a_database_without_tables_is_not_ready(empty_url: str) -> None:
    async with open_database(empty_url):
        pass  # it makes the file, on SQLite
    async with open_storage(empty_url) as storage:
        with pytest.raises(DatabaseUnavailable, match="`collab migrate` makes them"):
            await storage.documents.ready()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(empty_url: str) -> None:
    async with open_database(empty_url) as database, database.writing() as connection:
        await connection.execute(text("CREATE TABLE notes (somebody_elses INTEGER)"))
        await connection.execute(text("CREATE INDEX ix_versions_document_id_id ON notes (somebody_elses)"))
    with pytest.raises(DatabaseUnavailable, match=r"ix_versions_document_id_id.* already exists"):
        await migrate(empty_url)
    async with open_database(empty_url) as database, database.writing() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["notes"]


_MADE_SINCE = (
    "quarantined_authorship",
    "members",
    "access_changes",
    "tickets",
    "sessions",
    "api_keys",
    "external_identities",
    "provider_visits",
    "accounts",
    "links",
    "workspace_members",
    "workspaces",
    "audit_log",
)
"""Tables of later revisions than the one that gave versions their kinds, each before those it refers to."""


async def test_versions_from_before_their_kinds_were_kept_are_of_their_documents_kind(empty_url: str) -> None:
    await migrate(empty_url)
    async with open_storage(empty_url) as storage:
        record = await storage.documents.create(DocumentName("notes"), kind=DocumentKind.RICH_TEXT, title="")
        await storage.versions.take(record.id, VersionKind.NAMED)
    async with open_database(empty_url) as database, database.writing() as connection:
        await connection.execute(text("ALTER TABLE versions DROP COLUMN document_kind"))
        await connection.execute(text("ALTER TABLE quarantined_updates DROP COLUMN author_id"))
        await connection.execute(text("ALTER TABLE snapshots DROP COLUMN authorship_checksum"))
        for table in _MADE_SINCE:
            await connection.execute(text(f"DROP TABLE {table}"))
        if not empty_url.startswith("sqlite"):
            await connection.execute(text("DROP FUNCTION refuse_to_change_the_audit_log()"))
    await set_revision(empty_url, "0005")

    await migrate(empty_url)

    async with open_storage(empty_url) as storage:
        (version,) = (await storage.versions.page(record.id, limit=2)).versions
    assert version.document_kind is DocumentKind.RICH_TEXT


async def set_revision(url: str, revision: str) -> None:
    async with open_database(url) as database, database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_an_installed_package_finds_its_revisions_within_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages/collab"
    (package / "_migrations").mkdir(parents=True)
    monkeypatch.setattr(collab, "__file__", str(package / "__init__.py"))
    assert migrations_directory() == package / "_migrations"
