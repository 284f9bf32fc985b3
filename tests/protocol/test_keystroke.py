"""Keystrokes are told by one pattern: what it finds is what taking the update apart finds, and what is joined is what the CRDT joins."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, XmlFragment, XmlText

from collab.protocol.keystroke import Typing, read_keystroke
from collab.protocol.structs import read_structs
from tests.support.peers import Peer

LETTERS = st.characters(codec="ascii")

CLIENT_IDS = st.one_of(st.integers(1, 300), st.integers(2**31, 2**32 - 1))


class Writer:
    """Writes into a text, and keeps each update."""

    def __init__(self, client_id: int, base: bytes = b"") -> None:
        self.document: Doc[Text] = Doc(client_id=client_id)
        if base:
            self.document.apply_update(base)
        self.text = self.document.get("text", type=Text)
        self.updates: list[bytes] = []
        self.subscription = self.document.observe(lambda event: self.updates.append(event.update))

    def insert(self, at: int, letters: str) -> bytes:
        self.text.insert(at, letters)
        return self.updates[-1]


@pytest.fixture
def base() -> bytes:
    writer = Writer(7)
    writer.insert(0, "some text")
    return writer.document.get_update()


@given(client=CLIENT_IDS, at=st.integers(0, 9), letters=st.text(LETTERS, min_size=1, max_size=127))
def test_keystroke_is_read_as_taking_it_apart_would(client: int, at: int, letters: str) -> None:
    first = Writer(7)
    first.insert(0, "some text")
    update = Writer(client if client != 7 else 8, first.document.get_update()).insert(at, letters)

    run, (expected,) = read_keystroke(update), read_structs(update).runs

    if at == 0:  # it has nothing to its left
        assert run is None
    else:
        assert run is not None
        assert (run.client, run.start, run.end, run.held, run.structs) == expected[:5]
        assert dict(run.needs[::-1])[7] == run.needs[0][1] == at - 1


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\x00", id="empty"),
        pytest.param(b"\x01\x01\x05\x01\x84\x05\x00\x02a\x00", id="a text that is shorter than it says"),
        pytest.param(b"\x01\x01\x05\x01\x84\x05\x00\x01ab\x00", id="a text that is longer than it says"),
        pytest.param(b"\x01\x01\x05\x01\x84\x05\x00\x00\x00", id="no text"),
        pytest.param(b"\x01\x01\x05\x01\x84\x05\x00\x02\xc3\xa9\x00", id="letters beyond ASCII"),
        pytest.param(b"\x01\x01\x05\x01\x84\x05\x00\x01a\x01\x05\x01\x00\x01", id="a deletion"),
        pytest.param(b"\x01\x01\x05\x01\x04\x01\x04text\x01a\x00", id="no neighbour"),
        pytest.param(b"\x01\x01\x05\xff\xff\xff\xff\x07\x84\x05\x00\x01a\x00", id="a clock beyond the last"),
        pytest.param(b"\x01\x02\x05\x01\x84\x05\x00\x01a\x84\x05\x01\x01b\x00", id="two structs"),
        pytest.param(b"\x01\x01\x05\x01\xc4\x05\x00\x01a\x00", id="half a neighbour to the right"),
    ],
)
def test_anything_else_is_no_keystroke(update: bytes) -> None:
    assert read_keystroke(update) is None


@given(
    client=CLIENT_IDS.filter(lambda client: client != 7),
    at=st.integers(1, 9),
    words=st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=2, max_size=9),
)
def test_joined_keystrokes_are_what_the_crdt_makes_of_them(client: int, at: int, words: list[str]) -> None:
    first = Writer(7)
    first.insert(0, "some text")
    base = first.document.get_update()
    writer = Writer(client, base)
    for word in words:
        writer.insert(at, word)
        at += len(word)

    typing = Typing.begun_with(writer.updates[0])
    assert typing is not None
    assert all(typing.take(update) for update in writer.updates[1:])

    other: Doc[Text] = Doc()
    other.apply_update(base)
    other.apply_update(typing.update())
    assert other.get_update() == writer.document.get_update()
    assert read_keystroke(typing.update()) is not None


def test_typing_ends_where_something_else_begins(base: bytes) -> None:
    writer = Writer(9, base)
    first, there = writer.insert(4, "a"), writer.insert(2, "b")
    other = Writer(8, base).insert(4, "c")
    at_the_end = Writer(10, base).insert(9, "d")

    for update in (there, other, at_the_end, first, b"", b"\x00\x00"):
        typing = Typing.begun_with(first)
        assert typing is not None
        assert not typing.take(update)
        assert typing.update() == first


def test_typing_never_grows_beyond_a_keystroke(base: bytes) -> None:
    writer = Writer(9, base)
    updates = [writer.insert(4 + 60 * number, 60 * "a") for number in range(3)]
    typing = Typing.begun_with(updates[0])

    assert typing is not None
    assert [typing.take(update) for update in updates[1:]] == [True, False]
    assert read_keystroke(typing.update()) is not None


def test_typing_in_rich_text_is_joined_too() -> None:
    document: Doc[XmlFragment] = Doc(client_id=2**31 + 5)
    root = document.get("default", type=XmlFragment)
    text = root.children.append(XmlText("one two"))
    updates: list[bytes] = []
    subscription = document.observe(lambda event: updates.append(event.update))
    for number, letter in enumerate("quick"):
        text.insert(3 + number, letter)
    document.unobserve(subscription)

    assert all(Typing.begun_with(one).take(other) for one, other in pairwise(updates))  # type: ignore[union-attr]


def test_what_a_peer_types_first_has_no_neighbour() -> None:
    assert read_keystroke(Peer(1).type("a")) is None
