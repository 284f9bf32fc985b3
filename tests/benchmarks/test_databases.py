"""The databases that benchmarks make, and what is counted in them."""

import time
from collections.abc import AsyncIterator

import pytest

from benchmarks.databases import Database, postgres_database, sqlite_database
from benchmarks.workload import Workload, write_scripts
from collab.errors import DatabaseUnavailable
from collab.ports import Append, DocumentKind, DocumentName
from collab.storage import open_storage
from tests.contracts.postgres import server_url

(SCRIPT,) = write_scripts(Workload(writers=1, rate=6, seconds=1, warm_up=0))


@pytest.fixture
def server() -> str:
    """A PostgreSQL server; asked for here, outside any event loop."""
    return server_url()


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, server: str) -> AsyncIterator[Database]:
    place = sqlite_database() if request.param == "sqlite" else postgres_database(server)
    async with place as made:
        yield made


async def test_commits_and_letters_are_counted_in_the_log(database: Database) -> None:
    async with open_storage(database.url) as storage:
        ours = await storage.documents.create(DocumentName("ours-1"), kind=DocumentKind.YJS, title="")
        other = await storage.documents.create(DocumentName("other"), kind=DocumentKind.YJS, title="")
        await storage.log.append([Append(ours.id, SCRIPT.updates[:1])])
        since = time.time()
        await storage.log.append([Append(ours.id, SCRIPT.updates[1:4])])
        await storage.log.append([Append(other.id, SCRIPT.updates[:2]), Append(ours.id, SCRIPT.updates[4:5])])
        until = time.time()
        await storage.log.append([Append(ours.id, SCRIPT.updates[5:6])])

    assert await database.commits("ours-", since, until) == 2
    assert await database.letters(["ours-1"]) == 6


async def test_content_is_what_the_log_holds(database: Database) -> None:
    async with open_storage(database.url) as storage:
        record = await storage.documents.create(DocumentName("doc"), kind=DocumentKind.YJS, title="")
        await storage.log.append([Append(record.id, SCRIPT.updates[:4])])

    content = await database.content("doc")

    assert content.state_vector == {SCRIPT.client_id: 4}
    assert len(content.text) == 4


async def test_database_is_gone_after_the_benchmark(server: str) -> None:
    async with postgres_database(server) as database:
        pass
    with pytest.raises(DatabaseUnavailable):
        await database.content("doc")
