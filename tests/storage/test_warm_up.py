"""Whoever opens the first document after a start finds its statements ready."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import CacheStats

from collab.ports import DocumentKind, DocumentName
from collab.storage import open_storage
from tests.support.peers import Peer

NAME = DocumentName("doc")


@pytest.fixture
def cache_uses() -> Iterator[list[CacheStats]]:
    """How SQLAlchemy came by the SQL of each statement it has built: from its cache, or by compiling it."""
    uses: list[CacheStats] = []

    def before_cursor_execute(
        _connection: object,
        _cursor: object,
        _statement: str,
        _parameters: object,
        context: DefaultExecutionContext | None,
        _executemany: bool,
    ) -> None:
        if context is not None and context.compiled is not None:
            uses.append(context.cache_hit)

    event.listen(Engine, "before_cursor_execute", before_cursor_execute)
    yield uses
    event.remove(Engine, "before_cursor_execute", before_cursor_execute)


async def test_first_document_is_loaded_by_statements_that_are_ready(
    database_url: str, cache_uses: list[CacheStats]
) -> None:
    async with open_storage(database_url) as storage:
        await storage.documents.create(NAME, kind=DocumentKind.YJS, title="", update=Peer(1).type("stored"))
    async with open_storage(database_url) as storage:
        await storage.log.warm_up()
        assert CacheStats.CACHE_MISS in cache_uses
        cache_uses.clear()

        stored = await storage.log.load(NAME)

    assert stored is not None
    assert stored.content.updates
    assert cache_uses
    assert CacheStats.CACHE_MISS not in cache_uses
