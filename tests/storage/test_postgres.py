"""How PostgreSQL is opened, and what is said when it cannot be, or goes away."""

import socket

import pytest
from anyio import create_task_group
from sqlalchemy import insert, make_url, select, text

from collab.errors import DatabaseUnavailable, SettingsError
from collab.ports import Append, DocumentId, DocumentKind, DocumentName
from collab.storage import Storage, open_storage, postgres
from collab.storage.database import Database, open_database
from collab.storage.records import utc_now
from collab.storage.tables import documents, updates
from tests.contracts.edits import rows_freed, text_of, typed
from tests.contracts.postgres import execute
from tests.storage.fake_postgres import refuse, say_nothing, server

NAME = DocumentName("notes")


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


async def open_and_close(url: str) -> None:
    async with open_database(url):
        pass


async def make(storage: Storage) -> DocumentId:
    return (await storage.documents.create(NAME, kind=DocumentKind.YJS, title="")).id


async def loaded(storage: Storage) -> tuple[bytes, ...]:
    stored = await storage.log.load(NAME)
    assert stored is not None
    return stored.content.updates


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening, so that nobody else answers there
        port = unused.getsockname()[1]
        with pytest.raises(
            DatabaseUnavailable, match=f"postgresql://someone@127.0.0.1:{port}/notes is not available"
        ) as refusal:
            await open_and_close(f"postgresql://someone:hush@127.0.0.1:{port}/notes")
    assert "hush" not in str(refusal.value)


async def test_a_wrong_password_is_said_and_not_shown() -> None:
    async with server(refuse) as port:
        with pytest.raises(DatabaseUnavailable, match="password authentication failed for user") as refusal:
            await open_and_close(f"postgresql://someone:hush@127.0.0.1:{port}/notes?sslmode=disable")
    assert "hush" not in str(refusal.value)


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT", 0.05)
    async with server(say_nothing) as port:
        with pytest.raises(DatabaseUnavailable, match="does not answer in time"):
            await open_and_close(f"postgresql://someone@127.0.0.1:{port}/notes?sslmode=disable")


async def test_an_unknown_database_is_unavailable(postgres_server: str) -> None:
    url = make_url(postgres_server).set(database="collab_test_nobody_made_this").render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable, match='"collab_test_nobody_made_this" does not exist'):
        await open_and_close(url)


async def test_an_option_that_the_server_does_not_know_is_said(postgres_server: str) -> None:
    url = make_url(postgres_server).update_query_dict({"no_such_option": "1"}).render_as_string(hide_password=False)
    with pytest.raises(DatabaseUnavailable, match='unrecognized configuration parameter "no_such_option"'):
        await open_and_close(url)


async def test_an_option_with_a_value_of_no_use_is_said() -> None:
    with pytest.raises(SettingsError, match=r"port=many has an option that cannot be used: .*'many'"):
        await open_and_close("postgresql:///notes?sslmode=disable&host=127.0.0.1&port=many")


async def test_a_commit_waits_for_the_disk_where_the_server_is_set_up_not_to(postgres_url: str) -> None:
    url = make_url(postgres_url).update_query_dict({"synchronous_commit": "off"}).render_as_string(hide_password=False)
    async with open_database(url) as database, database.writing() as connection:
        assert await connection.scalar(text("SHOW synchronous_commit")) == "on"


async def test_a_stronger_setting_of_the_server_stays(postgres_url: str) -> None:
    url = (
        make_url(postgres_url)
        .update_query_dict({"synchronous_commit": "remote_apply"})
        .render_as_string(hide_password=False)
    )
    async with open_database(url) as database, database.writing() as connection:
        assert await connection.scalar(text("SHOW synchronous_commit")) == "remote_apply"


async def test_a_reader_finds_its_way_back_when_the_server_dropped_its_connections(
    storage: Storage, postgres_url: str
) -> None:
    await make(storage)
    await storage.log.load(NAME)
    await drop_connections(postgres_url)
    assert await loaded(storage) == ()


async def test_an_append_on_a_dropped_connection_says_so_and_the_next_one_works(
    storage: Storage, postgres_url: str
) -> None:
    document = await make(storage)
    await drop_connections(postgres_url)
    with pytest.raises(DatabaseUnavailable, match="is not available"):
        await storage.log.append([Append(document, typed("lost"))])
    await storage.log.append([Append(document, typed("kept"))])
    assert await loaded(storage) == typed("kept")


async def drop_connections(url: str) -> None:
    await execute(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def test_an_append_that_is_cancelled_while_it_waits_leaves_nothing(storage: Storage, database: Database) -> None:
    document = await make(storage)
    async with database.writing() as connection:
        backend = await connection.scalar(text("SELECT pg_backend_pid()"))
        await connection.execute(select(documents.c.id).where(documents.c.id == document).with_for_update())
        async with create_task_group() as tasks:
            tasks.start_soon(storage.log.append, [Append(document, typed("lost"))])
            blocked = text("SELECT count(*) FROM pg_stat_activity WHERE :pid = ANY(pg_blocking_pids(pid))")
            while not await connection.scalar(blocked, {"pid": backend}):
                pass
            tasks.cancel_scope.cancel()
    assert await loaded(storage) == ()
    await storage.log.append([Append(document, typed("kept"))])
    assert await loaded(storage) == typed("kept")


async def test_a_statement_that_waits_for_too_long_is_given_up(postgres_url: str) -> None:
    # The driver allows itself as long again to cancel the statement, by a connection of its own: on a busy machine that takes time.
    async with open_database(postgres_url, statement_timeout=1.5) as database:
        with pytest.raises(DatabaseUnavailable, match="does not answer in time"):
            async with database.writing() as connection:
                await connection.execute(text("SELECT pg_sleep(30)"))
        async with database.writing() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1


async def test_a_lower_id_that_becomes_visible_after_a_higher_one_is_kept(storage: Storage, database: Database) -> None:
    document = await make(storage)
    first, second, third = typed("abc")
    async with database.writing() as connection:
        row = {"document_id": document, "content": second, "created_at": utc_now()}
        await connection.execute(insert(updates).values(row))
        await storage.log.append([Append(document, (first, third))])
        assert await rows_freed(storage.log, document) == 1
    async with database.reading() as connection:
        ids = {row.content: row.id for row in await connection.execute(select(updates.c.id, updates.c.content))}
    assert ids[second] < ids[third]
    assert await rows_freed(storage.log, document) == 2
    stored = await storage.log.load(NAME)
    assert stored is not None
    assert stored.content.snapshot is not None
    assert text_of([stored.content.snapshot]) == "abc"


async def test_a_restart_of_the_storage_keeps_everything(postgres_url: str) -> None:
    async with open_storage(postgres_url) as storage:
        await storage.log.append([Append(await make(storage), typed("kept"))])
    async with open_storage(postgres_url) as storage:
        assert await loaded(storage) == typed("kept")
