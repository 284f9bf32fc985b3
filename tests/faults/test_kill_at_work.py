"""`kill -9` in the midst of what a process does to the database: all of it is there afterwards, or nothing, and it can be done again."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from collab.storage import migrate
from collab.storage.migrations import needed_revision
from tests.clients.process import ClientProcess
from tests.faults.conftest import StartServer
from tests.faults.stored import (
    NAME,
    TEXT,
    counts,
    fill,
    is_locked,
    make_first_revision,
    revision_and_columns,
    text_in,
    until_busy,
    work_endlessly,
    work_no_more,
)
from tests.faults.transactions import (
    IS_IN_TRANSACTION,
    WAITS_FOR_LOCK,
    holding,
    make_gate,
    shut_gate,
    until_no_session,
    until_session,
)
from tests.faults.writing import join
from tests.support.eventually import eventually
from tests.support.server import RunningServer


@contextmanager
def begun(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Start the command; at the end it is killed, if it was not before."""
    command = [sys.executable, "-m", "collab", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


async def completes(*arguments: object) -> str:
    """Run the command; fail if it does. Return what it says."""
    with begun(*arguments) as process:
        said, _ = await to_thread.run_sync(process.communicate)
    assert process.returncode == 0, said
    return str(said)


def kill_where_it_is(process: "subprocess.Popen[str]") -> None:
    assert process.poll() is None, "the command ended before it could be killed"
    process.kill()
    process.wait(20)


@pytest.fixture
async def sqlite(tmp_path: Path) -> Path:
    """A migrated SQLite database."""
    database = tmp_path / "collab.db"
    await migrate(f"sqlite:///{database}")
    return database


def url_of(database: Path) -> str:
    return f"sqlite:///{database}"


# Compacting


def visit(clients: ClientProcess, server: RunningServer) -> None:
    """Look at the document and leave: then its log is folded, for nobody is there any more."""
    visitor = join(clients, "visitor", server, NAME)
    visitor.until(synced=True, text=TEXT, unsynced=0)
    visitor.leave()


async def nothing_was_folded(url: str, before: dict[str, int]) -> None:
    """Assert that the log is as it was; the version kept when the visitor left is no part of it."""
    after = await counts(url)
    assert after | {"versions": before["versions"]} == before
    assert await text_in(url) == TEXT


async def folds_now(url: str) -> None:
    assert await completes("compact", "--database-url", url) == f"1 document compacted; {len(TEXT)} rows folded.\n"
    assert (await counts(url))["updates"] == 0
    assert await text_in(url) == TEXT


async def test_a_server_killed_between_the_snapshot_and_the_deletion_of_its_rows_leaves_both_undone_on_sqlite(
    sqlite: Path, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    await fill(url_of(sqlite))
    before = await counts(url_of(sqlite))
    await work_endlessly(sqlite, "DELETE ON updates")
    server = servers(tmp_path, environment={"COLLAB_IDLE_TIMEOUT": "0"})
    await to_thread.run_sync(visit, clients, server)
    await until_busy(server.pid, sqlite)

    server.kill()

    await nothing_was_folded(url_of(sqlite), before)
    await work_no_more(sqlite)
    await folds_now(url_of(sqlite))


async def test_a_server_killed_between_the_snapshot_and_the_deletion_of_its_rows_leaves_both_undone_on_postgresql(
    postgres_url: str, servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    await fill(postgres_url)
    before = await counts(postgres_url)
    async with holding(postgres_url, "SELECT id FROM updates FOR UPDATE"):
        environment = {"COLLAB_DATABASE_URL": postgres_url, "COLLAB_IDLE_TIMEOUT": "0"}
        server = servers(tmp_path, environment=environment)
        await to_thread.run_sync(visit, clients, server)
        await until_session(postgres_url, f"{WAITS_FOR_LOCK} AND query LIKE 'DELETE FROM updates%'")

        server.kill()

    await until_no_session(postgres_url, IS_IN_TRANSACTION)
    await nothing_was_folded(postgres_url, before)
    await folds_now(postgres_url)


# Migrating


async def test_a_migration_killed_half_way_is_undone_and_goes_through_the_next_time_on_postgresql(
    empty_postgres_url: str,
) -> None:
    url = empty_postgres_url
    await make_first_revision(url)
    before = await revision_and_columns(url)
    async with holding(url, "LOCK TABLE snapshots IN ACCESS SHARE MODE"):
        with begun("migrate", "--database-url", url) as process:
            await until_session(url, f"{WAITS_FOR_LOCK} AND query LIKE 'ALTER TABLE snapshots%'")
            kill_where_it_is(process)

    await until_no_session(url, IS_IN_TRANSACTION)
    assert await revision_and_columns(url) == before
    await completes("migrate", "--database-url", url)
    assert (await revision_and_columns(url))[0] == needed_revision()
    assert await text_in(url) == TEXT


async def test_migrations_killed_at_several_moments_are_whole_or_undone_and_go_through_the_next_time_on_sqlite(
    tmp_path: Path,
) -> None:
    found = set()
    for moment in range(4):
        database = tmp_path / str(moment) / "collab.db"
        await make_first_revision(url_of(database))
        before = await revision_and_columns(url_of(database))
        with begun("migrate", "--data-dir", database.parent) as process:
            await eventually(lambda: is_locked(database))  # noqa: B023 - waited for at once
            await anyio.sleep(moment * 0.003)
            process.kill()

        after = await revision_and_columns(url_of(database))
        await migrate(url_of(database))
        assert after in (before, await revision_and_columns(url_of(database)))
        assert await text_in(url_of(database)) == TEXT
        found.add(after)

    assert before in found, "no migration was killed in the midst"


# Importing and exporting


async def exported(directory: Path, url: str) -> Path:
    await completes("export", directory, "--database-url", url)
    return directory


async def imports_now(directory: Path, url: str) -> None:
    await completes("import", directory, "--database-url", url)
    assert await text_in(url) == TEXT


async def test_an_import_killed_half_way_leaves_nothing_and_goes_through_the_next_time_on_sqlite(
    sqlite: Path, tmp_path: Path
) -> None:
    await fill(url_of(sqlite), documents=3)
    directory = await exported(tmp_path / "exported", url_of(sqlite))
    target = tmp_path / "target.db"
    await migrate(url_of(target))
    await work_endlessly(target, "INSERT ON updates")
    with begun("import", directory, "--database-url", url_of(target)) as process:
        await until_busy(process.pid, target)
        kill_where_it_is(process)

    assert not any((await counts(url_of(target))).values())
    await work_no_more(target)
    await imports_now(directory, url_of(target))


async def test_an_import_killed_half_way_leaves_nothing_and_goes_through_the_next_time_on_postgresql(
    sqlite: Path, postgres_url: str, tmp_path: Path
) -> None:
    await fill(url_of(sqlite), documents=3)
    directory = await exported(tmp_path / "exported", url_of(sqlite))
    await make_gate(postgres_url, "INSERT ON updates")
    async with shut_gate(postgres_url):
        with begun("import", directory, "--database-url", postgres_url) as process:
            await until_session(postgres_url, WAITS_FOR_LOCK)
            kill_where_it_is(process)

    await until_no_session(postgres_url, IS_IN_TRANSACTION)
    assert not any((await counts(postgres_url)).values())
    await imports_now(directory, postgres_url)


async def test_an_export_killed_half_way_is_no_export(sqlite: Path, tmp_path: Path) -> None:
    await fill(url_of(sqlite), documents=60)
    before = await counts(url_of(sqlite))
    half = tmp_path / "half"
    with begun("export", half, "--data-dir", tmp_path) as process:
        await eventually(lambda: len([*half.glob("*.jsonl")]) > 1)
        kill_where_it_is(process)

    assert not (half / "manifest.json").exists()
    with begun("import", half, "--database-url", url_of(tmp_path / "target.db")) as process:
        said, _ = await to_thread.run_sync(process.communicate)
    assert process.returncode == 1
    assert "expected a complete export" in said
    assert await counts(url_of(sqlite)) == before
    await imports_now(await exported(tmp_path / "whole", url_of(sqlite)), url_of(tmp_path / "target.db"))


async def test_a_backup_killed_half_way_is_no_backup(sqlite: Path, tmp_path: Path) -> None:
    await fill(url_of(sqlite))
    with closing(sqlite3.connect(sqlite)) as connection, connection:
        connection.execute("CREATE TABLE ballast AS SELECT zeroblob(50000000) AS content")
    copy, part = tmp_path / "copy.db", tmp_path / ".copy.db.part"
    with begun("backup", copy, "--data-dir", tmp_path) as process:
        await eventually(part.exists)
        kill_where_it_is(process)

    assert part.exists()
    assert not copy.exists()
    await completes("backup", copy, "--data-dir", tmp_path)
    assert not part.exists()
    assert await text_in(url_of(copy)) == TEXT
