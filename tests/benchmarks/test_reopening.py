"""Whoever comes first after a restart gets the document from what the server has kept."""

from pathlib import Path

import pytest

from benchmarks.comparisons import COMPARISONS, Comparison
from benchmarks.contenders import KEEPING, OURS
from benchmarks.failures import RunFailed
from benchmarks.histories import generated
from benchmarks.reopening import open_first, spelt
from benchmarks.rounds import Stand, started

UPDATES = [edit.update for edit in generated(230, 120)]


def stand(directory: Path, number: int) -> Stand:
    server = KEEPING[number].server
    return Stand(KEEPING[number], "room", lambda: started(server, directory), directory)


def test_peers_say_which_store_is_theirs() -> None:
    assert [contender.label for contender in KEEPING if not contender.ours] == [
        "@hocuspocus/server with SQLite",
        "@y/websocket-server with LevelDB",
        "pycrdt-websocket with SQLite",
    ]


@pytest.mark.parametrize(
    ("name", "lifted"),
    [("throughput", True), ("reopening", True), ("fanout", False), ("slowreader", False), ("large", False)],
)
def test_message_limit_is_lifted_only_where_a_writer_sends_more(name: str, lifted: bool, tmp_path: Path) -> None:
    comparison = COMPARISONS[name]
    assert isinstance(comparison, Comparison)
    ours = [contender.server.command(1, tmp_path) for contender in comparison.contenders if contender.ours]
    assert len(ours) == 2
    assert all(("COLLAB_MESSAGES_PER_SECOND" in command.environment) is lifted for command in ours)


async def test_pycrdt_websocket_opens_what_was_put_into_its_store(tmp_path: Path) -> None:
    place = stand(tmp_path, -1)
    fill = place.contender.server.fill
    assert fill is not None
    await fill(tmp_path, place.dialect().path(place.door), UPDATES)
    for _ in range(2):
        opened = await open_first(place.dialect(), place, lambda state: spelt([state]) == spelt(UPDATES))
        assert 0 < opened.seconds < 30


async def test_document_that_does_not_come_whole_is_no_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.reopening._READING_SECONDS", 0.2)
    place = Stand(OURS, "room", lambda: started(OURS.server, tmp_path), tmp_path)
    with pytest.raises(RunFailed, match="was not the whole one"):
        await open_first(place.dialect(), place, lambda _: False)
