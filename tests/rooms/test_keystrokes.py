"""What is applied as a keystroke comes to the same as what is taken apart first."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import XmlElement, XmlText

from collab.protocol.updates import decode_state_vector
from collab.rooms.document import Document
from tests.support.peers import Peer, text_of


def test_keystroke_into_a_deleted_paragraph_is_kept_and_told() -> None:
    ada, bob = Peer(1), Peer(2)
    paragraph = XmlText("one")
    made = ada.edit(lambda peer: peer.fragment.children.append(XmlElement("paragraph", {}, [paragraph])))
    bob.hear([made])
    element = bob.fragment.children[0]
    assert isinstance(element, XmlElement)
    text = element.children[0]
    assert isinstance(text, XmlText)
    first = bob.edit(lambda _: text.insert(3, "!"))
    document = Document([made, first])
    second = bob.edit(lambda _: text.insert(4, "?"))
    deleted = ada.edit(lambda peer: peer.fragment.children.__delitem__(0))
    document.apply([deleted])

    applied = document.apply([second])

    assert applied.append == (second,)
    assert applied.broadcast is not None
    assert document.reached(2) == 2
    ada.hear([first, applied.broadcast])
    assert ada.state_vector == document.state_vector()


def test_keystroke_that_came_before_changes_nothing() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])
    keystroke = ada.type("b")
    document.apply([keystroke])

    again = document.apply([keystroke])

    assert (again.broadcast, again.append) == (None, ())


def test_keystroke_that_lacks_what_it_goes_on_from_waits_for_it() -> None:
    ada = Peer(1)
    document = Document([ada.type("a")])
    second, third = ada.type("b"), ada.type("c")

    assert document.apply([third]).broadcast is None
    assert document.apply([second]).broadcast is not None
    assert text_of(document.state()) == "abc"


def test_keystroke_beside_what_is_missing_waits_for_it() -> None:
    ada, bob = Peer(1), Peer(2)
    there, missing = ada.type("a"), ada.type("b")
    bob.hear([there])
    document = Document([there, bob.type("c")])
    bob.hear([missing])

    keystroke = bob.edit(lambda peer: peer.text.insert(2, "d"))
    document.apply([keystroke])

    assert document.reached(2) == 1
    document.apply([missing])
    assert document.reached(2) == 2
    assert document.state_vector() == bob.state_vector


def insert(peer: Peer, at: int, letters: str) -> None:
    peer.text.insert(at, letters)


@pytest.mark.parametrize("at_once", [True, False], ids=["in one transaction", "one by one"])
@settings(deadline=None)
@given(
    places=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 50), st.text("ab😀", min_size=1, max_size=3)), max_size=30
    )
)
def test_document_takes_in_what_its_writers_have(places: list[tuple[int, int, str]], at_once: bool) -> None:
    peers = [Peer(1), Peer(2), Peer(3)]
    updates: list[bytes] = []
    for writer, place, letters in places:
        text = str(peers[writer].text)
        at = len(text[: place % (len(text) + 1)].encode())
        update = peers[writer].edit(partial(insert, at=at, letters=letters))
        updates.append(update)
        for peer in peers:
            peer.hear([update] if peer is not peers[writer] else [])
    document = Document()

    for batch in [updates] if at_once else [[update] for update in updates]:
        if batch:
            document.apply(batch)

    assert text_of(document.state()) == str(peers[0].text)
    assert decode_state_vector(document.state_vector()) == decode_state_vector(peers[0].state_vector)
