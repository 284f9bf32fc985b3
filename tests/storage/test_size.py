"""What a long history takes up: never much more than the document that came of it."""

import pytest

from benchmarks.histories import generated
from benchmarks.store import EDITS_IN_A_COMMIT, NAME, size_of, write_history
from collab.storage import Storage
from collab.storage.database import Database
from tests.contracts.edits import text_of


@pytest.mark.parametrize(
    ("database_url", "edits", "characters"),
    [("sqlite", 259_778, 104_852), ("postgresql", 60_000, 24_000)],
    indirect=["database_url"],
)
async def test_store_stays_within_three_times_the_state(
    storage: Storage, database: Database, edits: int, characters: int
) -> None:
    stored = await write_history(storage, size_of(database), generated(edits, characters))

    assert stored.edits == edits
    assert stored.compactions > edits / EDITS_IN_A_COMMIT / 100
    assert 0 < stored.largest <= 3
    assert stored.rest <= 3 * stored.state
    document = await storage.log.load(NAME)
    assert document is not None
    assert document.content.snapshot is not None
    assert len(text_of([document.content.snapshot, *document.content.updates])) == characters
