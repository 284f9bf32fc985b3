"""Rows of a log, joined: fewer to apply, and the same document."""

import random
from collections.abc import Sequence

import pytest

from collab.errors import ProtocolError
from collab.protocol.structs import read_structs
from collab.protocol.updates import decode_state_vector
from collab.rooms.document import Document
from collab.rooms.log_rows import join_keystrokes, join_rows
from tests.support.peers import Peer, text_of

WORDS = ("a", "letters", "and é", "an 😀 here", "b")


def history(seed: int, edits: int = 300) -> list[bytes]:
    """Return what three peers write and delete, each hearing the others late, in an order in which a server may have got it."""
    source = random.Random(seed)
    peers = [Peer(1), Peer(2), Peer(3)]
    unheard: list[list[bytes]] = [[], [], []]
    log: list[bytes] = []
    for _ in range(edits):
        number = source.randrange(3)
        peer = peers[number]
        if source.random() < 0.3:
            peer.hear(unheard[number])
            unheard[number].clear()
        update = peer.try_edit(lambda peer: change(peer, source))
        if update is not None:
            log.append(update)
            for other in {0, 1, 2} - {number}:
                unheard[other].append(update)
    return log


def change(peer: Peer, source: random.Random) -> None:
    text = str(peer.text)
    places = [len(text[:number].encode()) for number in range(len(text) + 1)]  # in bytes, as pycrdt counts
    at = source.randrange(len(places))
    if text and source.random() < 0.3:
        del peer.text[places[max(at - 3, 0)] : places[max(at, 1)]]
    elif source.random() < 0.1:
        peer.map["key"] = source.random()
    else:
        peer.text.insert(places[at], source.choice(WORDS[:3] if source.random() < 0.9 else WORDS))


def one_by_one(updates: Sequence[bytes]) -> Document:
    document = Document()
    for update in updates:
        assert not document.apply([update]).refused
    return document


def same(some: Document, other: Document) -> bool:
    return (
        decode_state_vector(some.state_vector()) == decode_state_vector(other.state_vector())
        and some.deletions() == other.deletions()
        and text_of(some.state()) == text_of(other.state())
    )


@pytest.mark.parametrize("seed", range(40))
def test_a_log_gives_the_document_that_its_rows_gave_one_by_one(seed: int) -> None:
    log = history(seed)

    assert same(Document(log), one_by_one(log))
    middle = one_by_one(log[:100]).state()
    assert same(Document(log[50:], snapshot=middle), one_by_one(log))


@pytest.mark.parametrize("seed", range(10))
def test_a_log_that_lacks_a_row_gives_what_its_other_rows_gave_one_by_one(seed: int) -> None:
    log = history(seed)
    del log[seed * 7]

    assert same(Document(log), one_by_one(log))


def test_typing_becomes_one_update() -> None:
    ada, bob = Peer(1), Peer(2)
    log: list[bytes] = []
    for _ in range(50):
        log.append(ada.type("a"))
        bob.hear(log[-1:])
        log.append(bob.edit(lambda peer: peer.text.insert(0, "b")))
        ada.hear(log[-1:])
    log.append(ada.edit(lambda peer: peer.text.clear()))

    (joined,) = join_rows(log, {})

    assert text_of(joined) == ""
    assert [(run.client, run.start, run.end, run.held) for run in read_structs(joined).runs] == [
        (1, 0, 50, 50),
        (2, 0, 50, 50),
    ]
    assert read_structs(joined).deleted == {1: [(0, 50)], 2: [(0, 50)]}


def test_what_was_taken_apart_while_it_was_joined_is_what_stands_in_it() -> None:
    log = history(1, edits=100)

    for joined in join_rows(log, {}):
        assert read_structs(bytes(joined)) == getattr(joined, "structs", read_structs(joined))


def test_few_rows_stay_as_they_are() -> None:
    log = history(2, edits=5)

    assert list(join_rows(log, {})) == log


def test_what_comes_again_stays_as_it_is() -> None:
    peer = Peer(1)
    log = [peer.type("a") for _ in range(20)]

    first, *others = join_rows([*log, *log], {})

    assert text_of(first) == "a" * 20
    assert others == log


def test_pairs_stay_by_themselves() -> None:
    peer = Peer(1)
    log = [peer.type("a") for _ in range(20)]
    log.append(peer.type("😀"))
    log += [peer.type("b") for _ in range(20)]

    assert list(join_rows(log, {}))[1] == log[20]


def test_what_is_no_update_is_refused() -> None:
    with pytest.raises(ProtocolError):
        list(join_rows([b"\x01"], {}))


def typed(*peers: Peer, times: int = 5) -> list[bytes]:
    """Return what these type by turns, each beside its own."""
    return [peer.type("a") for _ in range(times) for peer in peers]


def test_keystrokes_of_many_become_a_row() -> None:
    peers = [Peer(number) for number in range(1, 21)]
    begun = [peer.type("a") for peer in peers]  # a first letter stands beside nothing, and is no keystroke
    log = typed(*peers)

    rows, authors = join_keystrokes(log, [None] * len(log))

    assert authors == (None,)
    assert same(one_by_one([*begun, *rows]), one_by_one([*begun, *log]))
    assert same(Document([*begun, *rows]), one_by_one([*begun, *log]))


def test_keystrokes_of_a_row_may_stand_beside_each_other() -> None:
    ada, bob = Peer(1), Peer(2)
    log = [ada.type("a")]
    bob.hear(log)
    log.append(bob.type("b"))
    ada.hear(log)
    typing: list[bytes] = []
    for _ in range(5):
        typing.append(ada.type("a"))
        bob.hear(typing[-1:])
        typing.append(bob.type("b"))
        ada.hear(typing[-1:])

    rows, _ = join_keystrokes(typing, [None] * len(typing))

    assert len(rows) == 1
    assert same(one_by_one([*log, *rows]), one_by_one([*log, *typing]))
    assert same(Document([*log, *rows]), one_by_one([*log, *typing]))


def test_rows_of_several_clients_are_joined_too() -> None:
    peers = [Peer(1), Peer(2), Peer(3)]
    begun = [peer.type("a") for peer in peers]
    rows = [row for _ in range(20) for row in join_keystrokes(typed(*peers), [None] * 15)[0]]

    (joined,) = join_rows([*begun, *rows], {})

    assert [(run.client, run.start, run.end) for run in read_structs(joined).runs] == [
        (1, 0, 101),
        (2, 0, 101),
        (3, 0, 101),
    ]
    assert same(Document([joined]), one_by_one([*begun, *rows]))


def test_a_row_is_by_one_author() -> None:
    ada, bob = Peer(1), Peer(2)
    log = typed(ada, bob)[2:]

    rows, authors = join_keystrokes(log, ["ada", "bob"] * 4)

    assert (rows, authors) == (tuple(log), ("ada", "bob") * 4)


def test_what_is_no_keystroke_stays_where_it_is() -> None:
    ada, bob = Peer(1), Peer(2)
    begun = [ada.type("a"), bob.type("b")]
    before, after = typed(ada, bob), typed(bob, ada)
    between = bob.edit(lambda peer: peer.text.clear())

    rows, authors = join_keystrokes([*before, between, *after], [None] * 21)

    assert len(rows) == len(authors) == 3
    assert rows[1] == between
    assert same(one_by_one([*begun, *rows]), one_by_one([*begun, *before, between, *after]))


def test_what_comes_again_or_lacks_something_begins_a_row() -> None:
    peer = Peer(1)
    first, second, third, fourth = (peer.type("a") for _ in range(4))

    rows, _ = join_keystrokes([second, second, fourth, third], [None] * 4)

    assert rows == (second, second, fourth, third)
    assert same(one_by_one([first, *rows]), one_by_one([first, second, third, fourth]))


@pytest.mark.parametrize("seed", range(20))
def test_a_history_gives_the_same_document_in_fewer_rows(seed: int) -> None:
    log = history(seed)

    rows = [row for start in range(0, len(log), 30) for row in join_keystrokes(log[start : start + 30], [None] * 30)[0]]

    assert same(Document(rows), one_by_one(log))
