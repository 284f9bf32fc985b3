"""Logs are folded into snapshots beside the editing, and nobody notices."""

from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from collab.errors import CorruptDocument
from collab.rooms import compaction
from collab.rooms.compaction import LONGEST_AT_REST, SMALLEST_TAIL_BYTES
from collab.storage.database import open_database
from collab.storage.tables import snapshots
from tests.hub.house import DOC, House, OpenHub
from tests.support.eventually import eventually
from tests.support.peers import Peer

WORTH_IT = LONGEST_AT_REST - 2
"""Rows of a letter each that take up more than a document at rest may."""


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have compaction be due after ten rows."""
    monkeypatch.setattr(compaction, "LONGEST_TAIL", 10)


def type_apart(peer: Peer, letter: str) -> bytes:
    """Type a letter before all others: a row of its own, for it goes on from none of them."""
    return peer.edit(lambda peer: peer.text.insert(0, letter))


async def write(house: House, letters: str) -> Peer:
    await house.create()
    guest, peer = await house.join(), Peer(1)
    for letter in letters:
        guest.update(type_apart(peer, letter))
    await eventually(lambda: guest.saved == len(letters))
    return peer


async def test_log_is_compacted_when_everybody_has_left(open_hub: OpenHub) -> None:
    letters = "a" * WORTH_IT
    async with open_hub(idle_timeout=0.0) as house:
        peer = await write(house, letters)
        assert house.log.compacted == []

        await house.hub.drain()
        await eventually(lambda: house.log.compacted)

        assert house.log.compacted == [len(letters)]
        assert await house.stored() == [peer.state]


async def test_a_few_words_are_not_worth_a_snapshot_when_everybody_has_left(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await write(house, "a" * 16)

        await house.hub.drain()
        await eventually(lambda: len(house.hub._rooms) == 0)

        assert house.log.compacted == []


async def test_a_paste_that_was_taken_back_leaves_the_store_when_everybody_has_left(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await house.create()
        guest, peer = await house.join(), Peer(1)
        guest.update(peer.type("a" * 60_000))
        guest.update(peer.edit(lambda peer: peer.text.clear()))
        await eventually(lambda: guest.saved == 2)

        await house.hub.drain()
        await eventually(lambda: house.log.compacted)

        assert await house.stored() == [peer.state]
        assert len(peer.state) < 100


async def test_what_was_deleted_since_the_snapshot_leaves_it_when_everybody_has_left(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await house.create()
        guest, peer = await house.join(), Peer(1)
        guest.update(peer.type("a" * SMALLEST_TAIL_BYTES))
        await eventually(lambda: house.log.compacted)
        guest.update(peer.edit(lambda peer: peer.text.clear()))
        await eventually(lambda: guest.saved == 2)

        await house.hub.drain()
        await eventually(lambda: len(house.log.compacted) == 2)

        assert house.log.compacted == [1, 1]
        assert await house.stored() == [peer.state]


@pytest.mark.usefixtures("early")
async def test_compaction_is_started_when_it_is_due_and_keeps_everything(house: House) -> None:
    peer = await write(house, "abcdefghij")
    await eventually(lambda: house.log.compacted)

    assert house.log.compacted == [10]
    assert await house.stored() == [peer.state]


@pytest.mark.usefixtures("early")
async def test_what_comes_while_a_log_is_folded_is_folded_next_though_nobody_writes_any_more(house: House) -> None:
    await house.create()
    guest, peer = await house.join(), Peer(1)
    house.log.hold_compactions()
    for _ in range(10):
        guest.update(type_apart(peer, "a"))
    await eventually(lambda: house.log.compactions_begun)
    for _ in range(15):
        guest.update(type_apart(peer, "b"))
    await eventually(lambda: guest.saved == 25)

    house.log.compacting.set()
    await eventually(lambda: house.log.compacted == [10, 15])

    assert await house.stored() == [peer.state]


async def test_log_that_a_stopped_server_has_left_long_is_folded_when_it_is_opened(
    open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_hub() as house:
        peer = await write(house, "a" * 30)
        assert house.log.compacted == []

    monkeypatch.setattr(compaction, "LONGEST_TAIL", 10)
    async with open_hub() as again:
        await again.join()
        await eventually(lambda: again.log.compacted == [30])

        assert await again.stored() == [peer.state]


async def test_compaction_is_not_started_before_it_is_due(house: House) -> None:
    await write(house, "abcdefghij")

    await house.hub.drain()

    assert house.log.compacted == []


@pytest.mark.usefixtures("early")
async def test_compaction_that_fails_stops_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    async def fail(document: object) -> int:
        tries.append(document)
        raise CorruptDocument("it cannot be loaded")

    monkeypatch.setattr(house.log, "compact", fail)
    await write(house, "abcdefghij")
    await eventually(lambda: tries)
    guest = await house.join("other")

    guest.update(Peer(2).type("a"))
    await eventually(lambda: guest.saved)

    assert len(tries) == 1


@pytest.mark.usefixtures("early")
async def test_bug_in_a_compaction_does_not_stop_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    compact = house.log.compact
    tries: list[object] = []

    async def fail(document: object) -> None:
        tries.append(document)
        monkeypatch.setattr(house.log, "compact", compact)
        raise RuntimeError("a bug")

    monkeypatch.setattr(house.log, "compact", fail)
    await write(house, "abcdefghij")
    await eventually(lambda: tries)
    guest, peer = await house.join("other"), Peer(2)
    for letter in "abcdefghij":
        guest.update(type_apart(peer, letter))
    await eventually(lambda: house.log.compacted)

    assert house.log.compacted == [10]


async def test_a_damaged_record_of_who_wrote_is_set_aside_and_the_log_says_so(
    open_hub: OpenHub, tmp_path: Path
) -> None:
    async with open_hub(idle_timeout=0.0) as house, open_database(f"sqlite:///{tmp_path}/collab.db") as database:
        await write(house, "a")
        record = await house.documents.get(DOC)
        await house.storage.log.compact(record.id)
        async with database.writing() as connection:
            await connection.execute(update(snapshots).values(authorship=b"other bytes"))
        guest, peer = await house.join(), Peer(2)
        guest.update(*[type_apart(peer, "b") for _ in range(WORTH_IT)])
        await eventually(lambda: guest.saved == WORTH_IT)

        with capture_logs() as logged:
            await house.hub.drain()
            await eventually(lambda: house.log.compacted)

        assert house.log.compacted == [WORTH_IT]
        (warning,) = [entry for entry in logged if entry["log_level"] == "warning"]
        assert warning["event"].startswith("a record of who wrote a document is damaged, and was set aside")
        assert warning["document"] == DOC
