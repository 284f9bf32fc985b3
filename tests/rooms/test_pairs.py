"""Edits that part surrogate pairs: the CRDT never sees one, and every other letter stays."""

import random
from typing import Final

import pytest
from pycrdt import merge_updates

from collab.content.sequences import Structure
from collab.errors import UpdateError
from collab.protocol.items import EncodedItem, Id, Parent, write_items
from collab.protocol.lib0 import var_string, var_uint
from collab.protocol.struct_reader import TEXT
from collab.protocol.structs import read_structs
from collab.rooms.compaction import compact
from collab.rooms.document import Document
from collab.rooms.pairs import MAX_EARLY
from tests.rooms.scene import HOCUSPOCUS, Scene
from tests.support.heard import Update
from tests.support.peers import Peer, text_of

ADA: Final = 3
MALLORY: Final = 5
EMOJI: Final = "a😀b😀c"
"""The halves are the units 1 and 2, and 4 and 5."""


def text(content: str, *, client: int = ADA, clock: int = 0, left: Id | None = None, right: Id | None = None) -> bytes:
    """Return an update that puts text between two units of the text `t`, or at its beginning."""
    length = len(content.encode("utf-16-le")) // 2
    parent = None if left or right else Parent(b"t", None)
    item = EncodedItem(Id(client, clock), length, TEXT, var_string(content), left, right, parent, None)
    return write_items([item], {})


def deletion(start: int, end: int, client: int = ADA) -> bytes:
    return write_items((), {client: [(start, end)]})


def between(left: int, right: int, client: int = ADA) -> bytes:
    return text("X", client=MALLORY, left=Id(client, left), right=Id(client, right))


PARTING: dict[str, tuple[bytes, str]] = {
    "something between": (between(1, 2), "aXb😀c"),
    "something right of the first half": (text("X", client=MALLORY, left=Id(ADA, 1)), "ab😀cX"),
    "something left of the second half": (text("X", client=MALLORY, right=Id(ADA, 2)), "aXb😀c"),
    "the first half deleted": (deletion(1, 2), "ab😀c"),
    "the second half deleted": (deletion(2, 3), "ab😀c"),
    "a range that begins between": (deletion(2, 4), "a😀c"),
    "a range that ends between": (deletion(3, 5), "a😀c"),
    "a range from pair to pair": (deletion(2, 5), "ac"),
}


EACH_PARTING = pytest.mark.parametrize(("update", "expected"), PARTING.values(), ids=PARTING)


def check(document: Document, log: list[bytes], expected: str) -> None:
    assert text_of(document.state()) == expected
    assert text_of(*log) == expected, "whoever replays the log with nothing but the same CRDT sees the same"
    assert text_of(Document(log).state()) == expected
    assert text_of(compact(None, log).state) == expected


@EACH_PARTING
def test_parted_pair_goes_and_nothing_else(update: bytes, expected: str) -> None:
    document = Document()
    log = [*document.apply([text(EMOJI)]).append, *document.apply([update]).append]

    check(document, log, expected)


@EACH_PARTING
def test_pair_that_comes_in_the_same_flush_is_known(update: bytes, expected: str) -> None:
    document = Document()

    check(document, [*document.apply([text(EMOJI), update]).append], expected)


@EACH_PARTING
def test_pairs_of_a_snapshot_are_known(update: bytes, expected: str) -> None:
    document = Document(snapshot=text(EMOJI))
    log = [text(EMOJI), *document.apply([update]).append]

    check(document, log, expected)


@EACH_PARTING
def test_log_that_holds_the_edit_as_it_came_is_loaded_right(update: bytes, expected: str) -> None:
    document = Document([text(EMOJI), update])

    assert text_of(document.state()) == expected
    assert text_of(Document([document.state()]).state()) == expected


@EACH_PARTING
def test_pair_that_comes_with_what_parts_it_is_replaced(update: bytes, expected: str) -> None:
    document = Document()
    log = [*document.apply([merge_updates(text(EMOJI), update)]).append]

    content = text_of(document.state())
    check(document, log, content)
    assert content.replace("\N{REPLACEMENT CHARACTER}", "") == expected


@EACH_PARTING
def test_everybody_is_told_of_the_deletion_first(update: bytes, expected: str) -> None:
    scene = Scene()
    writer, listener = scene.join(HOCUSPOCUS), scene.join(HOCUSPOCUS)
    replica = Peer(9)
    writer.update(text(EMOJI))
    scene.flush()
    writer.update(update)
    scene.flush()

    replica.hear(said.update for said in listener.heard() if isinstance(said, Update))
    assert str(replica.text) == expected


def test_deletion_that_comes_before_the_pair_parts_it_to_replacement_characters() -> None:
    document = Document()
    log = [*document.apply([deletion(2, 3)]).append, *document.apply([text(EMOJI)]).append]

    check(document, log, "a\N{REPLACEMENT CHARACTER}b😀c")


def test_edit_that_is_held_parts_no_pair_when_its_time_comes() -> None:
    document = Document()
    log = [*document.apply([between(1, 2)]).append, *document.apply([text(EMOJI)]).append]

    assert text_of(document.state()) == "aXb😀c"
    assert text_of(Document(log).state()) == "aXb😀c"


def test_run_that_is_known_up_to_between_the_halves_goes_on() -> None:
    document = Document()
    document.apply([text("a\N{REPLACEMENT CHARACTER}")])
    document.apply([text("a😀b")])

    state = document.state()
    assert text_of(state) == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"
    assert text_of(Document([state]).state()) == text_of(state)


def test_whoever_has_half_a_pair_is_sent_what_loads() -> None:
    document = Document([text(EMOJI)])
    read = read_structs(document.diff(var_uint(1) + var_uint(ADA) + var_uint(2)))

    assert [(run.start, run.end) for run in read.runs] == [(1, 7)]


def test_early_deletions_are_bounded() -> None:
    document = Document()
    many = {client: [(2, 3)] * 1_000 for client in range(100, 100 + MAX_EARLY // 1_000)}
    applied = document.apply([write_items((), many)])

    assert isinstance(applied.refused[0], UpdateError)
    assert "are missing" in str(applied.refused[0])


def test_deletions_of_what_has_come_leave_room_for_others() -> None:
    document = Document()
    for round_ in range(4):
        client = 100 + round_
        early = {client: [(2 * number, 2 * number + 1) for number in range(1, MAX_EARLY // 4)]}
        assert not document.apply([write_items((), early)]).refused
        assert not document.apply([text("x" * MAX_EARLY, client=client)]).refused


def units_of(state: bytes) -> list[Id]:
    """Return the ids of all units of the text in their order, the deleted ones too."""
    items = Structure(state).roots[b"t"]
    return [Id(item.client, clock) for item in items for clock in range(item.clock, item.end)]


@pytest.mark.parametrize("seed", range(30))
def test_random_edits_that_look_at_nothing_but_units_leave_what_loads(seed: int) -> None:
    chance = random.Random(seed)
    document = Document()
    log = [*document.apply([text("😀a" * 20)]).append]
    clocks = {ADA: 60}
    for number in range(60):
        units = units_of(document.state())
        at = chance.randrange(1, len(units))
        if chance.random() < 0.4:
            update = deletion(units[at].clock, units[at].clock + 1, units[at].client)
        else:
            client, content = chance.choice([*clocks, 100 + number]), chance.choice(["x", "😀", "é😀", "语"])
            update = text(content, client=client, clock=clocks.get(client, 0), left=units[at - 1], right=units[at])
            clocks[client] = clocks.get(client, 0) + len(content.encode("utf-16-le")) // 2
        applied = document.apply([update])
        assert not applied.refused
        log += applied.append
    check(document, log, text_of(document.state()))
