"""Who delivered what of a document, as far as somebody can ask for it."""

import random
from collections.abc import Iterable
from typing import Final

import pytest
from pycrdt import XmlElement

from collab.errors import ProtocolError
from collab.protocol.structs import read_structs
from collab.protocol.updates import DeleteSet
from collab.rooms.authorship import APART, Authorship, participants
from collab.rooms.deliveries import MINUTE, UNKNOWN_TIME, Delivery, without
from collab.rooms.document import Document
from tests.support.peers import Peer

ADA, BOB = 1, 2
NOON: Final = 1_783_944_000
HOUR: Final = 3600


Row = tuple[bytes, int | None, int]


def dead_in(*states: bytes) -> DeleteSet:
    return Document(states).deletions()


def fold(rows: Iterable[Row], state: bytes, *, snapshot: bytes | None = None, encoded: bytes | None = None) -> bytes:
    """Do what a compaction does while no version is kept."""
    known = Authorship(encoded, None if snapshot is None else dead_in(snapshot))
    for update, author, at in rows:
        known.add(update, author, at)
    known.forget(dead_in(state), [])
    return known.encode()


def erase(peer: Peer, start: int, end: int) -> bytes:
    return peer.edit(lambda peer: peer.text.__delitem__(slice(start, end)))


def test_folding_in_parts_comes_to_the_same_as_folding_at_once() -> None:
    ada, bob = Peer(1), Peer(2)
    rows: list[Row] = [(ada.type("one"), ADA, NOON), (ada.type(" two"), ADA, NOON + 10)]
    bob.hear([before := ada.state])
    rows += [(erase(bob, 0, 3), BOB, NOON + 2000), (bob.type("!"), None, NOON + 2001)]

    in_parts = fold(rows[2:], bob.state, snapshot=before, encoded=fold(rows[:2], before))

    assert in_parts == fold(rows, bob.state)
    assert [*Authorship(in_parts).written.within(2, 0, 9)] == [Delivery(0, 1, None, NOON + 2001 - 21)]


def test_what_no_version_holds_is_forgotten_once_it_is_deleted_but_for_who_took_part() -> None:
    ada, bob = Peer(1), Peer(2)
    known = Authorship()
    known.add(ada.type("one two three"), ADA, NOON)
    bob.hear([ada.state])
    known.add(erase(bob, 0, 3), BOB, NOON + 2 * HOUR)
    known.add(erase(bob, 5, 10), BOB, NOON + 3 * HOUR)

    known.forget(dead_in(bob.state), [NOON - HOUR, NOON + 4 * HOUR])

    assert [*known.written.within(1, 0, 13)] == [Delivery(3, 8, ADA, NOON)]
    assert [*known.deleted.within(1, 0, 13)] == []
    assert known.forgotten == {ADA: NOON, BOB: NOON + 3 * HOUR}
    read = Authorship(known.encode())
    assert read.encode() == known.encode()
    assert read.forgotten == known.forgotten


@pytest.mark.parametrize("taken_at", [NOON - APART, NOON + HOUR, NOON + 2 * HOUR + MINUTE + APART])
def test_what_a_version_may_hold_is_not_forgotten(taken_at: int) -> None:
    ada = Peer(1)
    known = Authorship()
    known.add(ada.type("one"), ADA, NOON)
    known.add(erase(ada, 0, 3), BOB, NOON + 2 * HOUR)

    known.forget(dead_in(ada.state), [NOON - HOUR, taken_at, NOON + 5 * HOUR])

    assert [*known.written.within(1, 0, 3)] == [Delivery(0, 3, ADA, NOON)]
    assert [*known.deleted.within(1, 0, 3)] == [Delivery(0, 3, BOB, NOON + 2 * HOUR)]
    assert known.forgotten == {}


def test_what_is_forgotten_between_what_stays_cuts_no_delivery() -> None:
    ada = Peer(1)
    rows: list[Row] = [(ada.type("one two three"), ADA, NOON), (erase(ada, 3, 7), ADA, NOON)]

    encoded, before = fold(rows, ada.state), ada.state
    assert [*Authorship(encoded).written.within(1, 0, 13)] == [Delivery(0, 13, ADA, NOON)]

    after = fold([(erase(ada, 0, 9), ADA, NOON)], ada.state, snapshot=before, encoded=encoded)
    assert [*Authorship(after).written.within(1, 0, 13)] == []


def test_removal_that_nobody_told_of_is_kept_as_such_while_a_version_may_hold_it() -> None:
    """A block is deleted by somebody who does not know yet what was written in it: that goes with it, without a word."""
    ada, bob = Peer(1), Peer(2)
    block = ada.edit(lambda peer: peer.fragment.children.append(XmlElement("paragraph")))
    bob.hear([block])
    (paragraph,) = bob.fragment.children
    assert isinstance(paragraph, XmlElement)
    written = bob.edit(lambda _: paragraph.children.append(XmlElement("line")))
    ada_deletes = ada.edit(lambda peer: peer.fragment.children.__delitem__(0))
    bob.hear([ada_deletes])
    known = Authorship()
    for number, (update, author) in enumerate(((block, ADA), (written, BOB), (ada_deletes, ADA))):
        known.add(update, author, NOON + number * HOUR)
    folded = Authorship(known.encode())

    folded.forget(dead_in(bob.state), [NOON + 3 * HOUR // 2])
    assert [*folded.written.within(2, 0, 9)] == [Delivery(0, 1, BOB, NOON + HOUR)]
    assert [*folded.deleted.within(2, 0, 9)] == [Delivery(0, 1, None, UNKNOWN_TIME)]
    assert participants(folded, None, bob.state) == {ADA, BOB}

    known.forget(dead_in(bob.state), [])
    assert [*known.written.within(2, 0, 9)] == [*known.deleted.within(2, 0, 9)] == []
    assert known.forgotten == {ADA: NOON + 2 * HOUR, BOB: NOON + HOUR}


def test_removal_whose_writer_is_not_known_is_kept_while_an_older_version_is() -> None:
    ada = Peer(1)
    ada.type("one")
    removal = erase(ada, 0, 3)
    for taken_at, kept in ((NOON - HOUR, [Delivery(0, 3, BOB, NOON)]), (NOON + HOUR, [])):
        known = Authorship()
        known.add(removal, BOB, NOON)
        known.forget(dead_in(ada.state), [taken_at])
        assert [*known.deleted.within(1, 0, 3)] == kept


def test_who_deletes_again_what_was_deleted_before_has_deleted_nothing() -> None:
    """A client that comes back tells of every deletion that it knows, and of what it wrote meanwhile."""
    ada, bob = Peer(1), Peer(2)
    folded = fold([(ada.type("one two"), ADA, NOON), (erase(ada, 0, 3), ADA, NOON)], ada.state)
    bob.hear([ada.state])
    bob.type("!")

    again = Authorship(folded, dead_in(ada.state))
    again.add(bob.state, BOB, NOON + HOUR)

    assert [*again.deleted.within(1, 0, 7)] == []


def test_keystrokes_that_are_each_taken_back_leave_next_to_nothing() -> None:
    ada = Peer(1)
    rows: list[Row] = []
    for number in range(100):
        at = NOON + 17 * number
        rows += [(ada.type("x"), ADA, at) for _ in range(20)]
        rows += [(erase(ada, length - 1, length), ADA, at + 9) for length in range(20, 0, -1)]
    assert len(fold(rows, ada.state)) <= 12


def test_what_two_delete_by_turns_leaves_next_to_nothing() -> None:
    ada = Peer(1)
    rows: list[Row] = [(ada.type("x" * 2000), ADA, NOON)]
    rows += [(erase(ada, 0, 2), (ADA, BOB)[number % 2], NOON + number) for number in range(1000)]
    assert len(fold(rows, ada.state)) <= 17


def test_what_versions_hold_bounds_what_is_kept_for_them() -> None:
    ada, known, versions = Peer(1), Authorship(), []
    known.add(ada.type("x" * 2000), ADA, NOON)
    for number in range(1000):
        at = NOON + 20 * number
        if number % 30 == 15:
            versions.append((at, ada.state))
        known.add(erase(ada, 0, 2), (ADA, BOB)[number % 2], at + 1)

    known.forget(dead_in(ada.state), [taken_at for taken_at, _ in versions])
    assert len(known.encode()) <= sum(len(state) for _, state in versions)
    known.forget(dead_in(ada.state), [taken_at for taken_at, _ in versions[30:]])
    assert len(known.encode()) <= sum(len(state) for _, state in versions[30:]) + 10 * 4 * APART // 20
    known.forget(dead_in(ada.state), [])
    assert len(known.encode()) <= 17


def test_letters_that_each_come_in_a_minute_of_their_own_take_four_bytes_each() -> None:
    ada = Peer(1)
    rows: list[Row] = [(ada.type("x"), ADA, NOON + 61 * number) for number in range(1000)]
    assert len(fold(rows, ada.state)) <= 4 * 1000 + 16


@pytest.mark.parametrize("seed", range(20))
def test_compactions_change_no_answer(seed: int) -> None:
    """Beside an authorship that forgets nothing: for each unit of each version and of the document, and for who took part in each."""
    source = random.Random(seed)
    peers = [Peer(1), Peer(2), Peer(3)]
    whole, folded = Authorship(), Authorship()
    versions: list[tuple[int, bytes]] = []
    at = NOON
    for _ in range(150):
        at += source.choice((1, 20, 90, 1000))
        peer = source.choice(peers)
        for other in peers:
            peer.hear([other.state])
        match source.choice(("type", "type", "erase", "come back", "compact", "version")):
            case "type":
                place = source.randint(0, len(peer.text))
                row = peer.edit(lambda peer, place=place: peer.text.insert(place, "x" * source.randint(1, 9)))  # type: ignore[misc]
            case "erase" if len(peer.text):
                start = source.randrange(len(peer.text))
                row = erase(peer, start, min(len(peer.text), start + source.randint(1, 12)))
            case "come back":
                peer.type("y")
                row = peer.state
            case "compact":
                folded.forget(dead_in(peer.state), [time for time, _ in versions])
                folded = Authorship(folded.encode(), dead_in(peer.state))
                continue
            case _:
                before = versions[-1] if versions else (0, None)
                assert participants(folded, before[1], peer.state, since=before[0]) == participants(
                    whole, before[1], peer.state
                )
                versions.append((at, peer.state))
                if source.random() < 0.5:
                    versions.pop(source.randrange(len(versions)))
                continue
        author = source.choice((ADA, BOB, None))
        for known in (whole, folded):
            known.add(row, author, at)
    peers[0].hear(peer.state for peer in peers)
    for held in (*(state for _, state in versions), peers[0].state):
        assert answers(folded, held) == answers(whole, held)


def answers(known: Authorship, held: bytes) -> dict[tuple[int, int], list[tuple[int | None, int]]]:
    """Return who delivered each unit that a state holds alive, and who deleted it."""
    dead = dead_in(held)
    return {
        (run.client, clock): [
            (delivery.author, delivery.at)
            for source in (known.written, known.deleted)
            for delivery in source.within(run.client, clock, clock + 1)
        ]
        for run in read_structs(held).runs
        for start, end in without([(run.start, run.end)], sorted(dead.get(run.client, ())))
        for clock in range(start, end)
    }


def test_participants_are_those_who_wrote_or_deleted_between_two_states() -> None:
    ada, bob = Peer(1), Peer(2)
    known = Authorship()
    known.add(ada.type("one"), ADA, NOON)
    before = ada.state
    bob.hear([before])
    known.add(erase(bob, 0, 1), BOB, NOON + HOUR)
    assert participants(known, None, before) == {ADA}
    assert participants(known, before, bob.state) == {BOB}
    assert participants(known, bob.state, bob.state) == set()


def test_participants_are_those_too_of_whom_nothing_is_left() -> None:
    ada = Peer(1)
    known = Authorship()
    known.add(ada.type("one"), ADA, NOON)
    known.add(erase(ada, 0, 3), BOB, NOON + HOUR)
    known.forget(dead_in(ada.state), [])
    assert participants(known, None, ada.state) == {ADA, BOB}
    assert participants(known, ada.state, ada.state, since=NOON + 2 * HOUR) == set()
    assert participants(known, ada.state, ada.state, since=NOON + HOUR // 2) == {BOB}


def test_the_first_format_is_read_with_its_times_cut_to_the_minute() -> None:
    encoded = "0102070300020294cda6a50d0002028c0100010314090100030090d0a6a50d0107010101039e85a7a50d"
    known = Authorship(bytes.fromhex(encoded))
    assert [*known.written] == [
        (7, Delivery(0, 2, ADA, NOON)),
        (7, Delivery(2, 4, ADA, NOON + MINUTE)),
        (7, Delivery(4, 5, BOB, NOON + MINUTE)),
        (9, Delivery(0, 3, None, NOON + 3 * MINUTE)),
    ]
    assert [*known.deleted] == [(7, Delivery(1, 2, BOB, NOON + HOUR - MINUTE))]
    assert Authorship(known.encode()).encode() == known.encode()


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x03\x00\x00\x00",
        b"\x02\x00\x00",
        b"\x01\x01\x07\xff\xff\x03",
        b"\x01\x00\x00\x00",
        b"\x02\x01\x07\x01\x00\x01\x01\x01\x00\x00",
    ],
)
def test_what_it_never_wrote_is_refused(encoded: bytes) -> None:
    with pytest.raises(ProtocolError):
        Authorship(encoded)


def test_of_what_it_is_not_known_who_wrote_it_nobody_becomes_the_author_who_brings_it_again() -> None:
    ada = Peer(1)
    typed = ada.type("one two")
    erased = erase(ada, 0, 3)
    unknown = Authorship.unknown(ada.state)

    unknown.add(typed, BOB, NOON)
    unknown.add(erased, BOB, NOON)
    unknown.forget(dead_in(ada.state), [NOON - HOUR])  # a version may hold what is deleted by now
    read = Authorship(unknown.encode(), dead_in(ada.state))
    read.add(typed, BOB, NOON + HOUR)

    assert [*read.written.within(1, 0, 9)] == [Delivery(0, 7, None, UNKNOWN_TIME)]
    assert [*read.deleted.within(1, 0, 9)] == [Delivery(0, 3, None, UNKNOWN_TIME)]
    assert read.forgotten == {}
    assert participants(read, None, ada.state) == set()


def test_nothing_is_forgotten_while_it_is_not_known_when_versions_were_taken() -> None:
    ada = Peer(1)
    known = Authorship()
    known.add(ada.type("one"), ADA, NOON)
    known.add(erase(ada, 0, 3), BOB, NOON + HOUR)

    known.forget(dead_in(ada.state), None)

    assert [*known.written.within(1, 0, 9)] == [Delivery(0, 3, ADA, NOON)]
    assert [*known.deleted.within(1, 0, 9)] == [Delivery(0, 3, BOB, NOON + HOUR)]
    assert known.forgotten == {}
