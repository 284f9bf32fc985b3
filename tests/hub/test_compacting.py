"""Logs are folded into snapshots beside the editing, and nobody notices."""

import pytest

from collab.errors import CorruptDocument
from collab.rooms import compaction
from collab.rooms.compaction import FEWEST_ROWS_AT_REST
from tests.hub.house import House, OpenHub
from tests.support.eventually import eventually
from tests.support.peers import Peer


@pytest.fixture
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have compaction be due after ten rows."""
    monkeypatch.setattr(compaction, "LONGEST_TAIL", 10)


async def write(house: House, letters: str) -> Peer:
    await house.create()
    guest, peer = await house.join(), Peer(1)
    for letter in letters:
        guest.update(peer.type(letter))
    await eventually(lambda: guest.saved == len(letters))
    return peer


async def test_log_is_compacted_when_everybody_has_left(open_hub: OpenHub) -> None:
    letters = "a" * FEWEST_ROWS_AT_REST
    async with open_hub(idle_timeout=0.0) as house:
        peer = await write(house, letters)
        assert house.log.compacted == []

        await house.hub.drain()
        await eventually(lambda: house.log.compacted)

        assert house.log.compacted == [len(letters)]
        assert await house.stored() == [peer.state]


async def test_a_few_words_are_not_worth_a_snapshot_when_everybody_has_left(open_hub: OpenHub) -> None:
    async with open_hub(idle_timeout=0.0) as house:
        await write(house, "a" * (FEWEST_ROWS_AT_REST - 1))

        await house.hub.drain()
        await eventually(lambda: house.hub.room_count == 0)

        assert house.log.compacted == []


@pytest.mark.usefixtures("early")
async def test_compaction_is_started_when_it_is_due_and_keeps_everything(house: House) -> None:
    peer = await write(house, "abcdefghij")
    await eventually(lambda: house.log.compacted)

    assert house.log.compacted == [10]
    assert await house.stored() == [peer.state]


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
        guest.update(peer.type(letter))
    await eventually(lambda: house.log.compacted)

    assert house.log.compacted == [10]
