"""What a long history takes up: never much more than the document that came of it."""

from collections.abc import Callable, Iterator
from math import inf
from typing import Final

import pytest
from sqlalchemy import func, select

from benchmarks.histories import Edit, generated
from benchmarks.store import EDITS_IN_A_COMMIT, NAME, write_history
from collab import offloading
from collab.rooms.compaction import SMALLEST_AT_REST
from collab.storage import Storage
from collab.storage.database import Database
from collab.storage.tables import claims, snapshots
from tests.contracts.edits import text_of
from tests.storage.histories import (
    a_word_from_each_client,
    deleted_by_turns,
    keystrokes_taken_back,
    paste_taken_back,
    slow_typing,
)

A_PAGE_OR_TWO: Final = 2 * SMALLEST_AT_REST
FOR_EACH_CLIENT: Final = 80
"""Bytes: whose its id is, with the index."""


@pytest.mark.timeout(1200)  # seconds; the long one takes three minutes on two cores
@pytest.mark.parametrize(
    ("database_url", "edits", "characters"),
    [
        ("sqlite", 60_000, 24_000),
        ("postgresql", 60_000, 24_000),
        pytest.param("sqlite", 259_778, 104_852, marks=pytest.mark.soak),
    ],
    indirect=["database_url"],
)
async def test_store_stays_within_three_times_the_state(
    storage: Storage, database: Database, edits: int, characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        offloading, "HEAVY", inf
    )  # nobody waits here for the hundreds of compactions, or for their processes to start
    stored = await write_history(storage, database, generated(edits, characters))

    assert stored.edits == edits
    assert stored.compactions > edits / EDITS_IN_A_COMMIT / 100
    assert 0 < stored.largest <= 3
    assert stored.rest <= 2 * stored.state
    document = await storage.log.load(NAME)
    assert document is not None
    assert document.content.snapshot is not None
    assert len(text_of([document.content.snapshot, *document.content.updates])) == characters


@pytest.mark.parametrize("history", [paste_taken_back, keystrokes_taken_back, deleted_by_turns])
async def test_what_was_taken_back_leaves_a_page_or_two(
    storage: Storage, database: Database, history: Callable[[], Iterator[Edit]]
) -> None:
    stored = await write_history(storage, database, history())

    assert stored.state <= 32
    assert stored.rest <= A_PAGE_OR_TWO
    async with database.reading() as connection:
        row = (await connection.execute(select(snapshots))).one()
    assert len(row.state) + len(row.authorship) <= 256


async def test_what_comes_letter_by_letter_over_weeks_stays_within_three_times_the_state(
    storage: Storage, database: Database
) -> None:
    stored = await write_history(storage, database, slow_typing())

    assert stored.edits <= stored.state
    assert stored.rest <= 3 * stored.state + A_PAGE_OR_TWO


async def test_what_comes_from_many_clients_stays_within_three_times_the_state_but_for_whose_they_are(
    storage: Storage, database: Database
) -> None:
    stored = await write_history(storage, database, a_word_from_each_client())

    async with database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(claims)) == stored.edits
    assert stored.rest <= 3 * stored.state + A_PAGE_OR_TWO + FOR_EACH_CLIENT * stored.edits
