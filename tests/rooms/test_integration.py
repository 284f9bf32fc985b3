"""Updates of many structs go into the CRDT in pieces, and whoever puts them where that takes too long is refused."""

import pytest
from pycrdt import Doc, Text

from collab.errors import UpdateError
from collab.protocol.limits import DEFAULTS
from collab.rooms import integration
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from collab.rooms.preparing import walk
from tests.rooms.scene import Scene
from tests.support.peers import Peer, text_of
from tests.support.prepended import prepended

OTHERS = prepended(1, 2_000, root="t")
MANY = prepended(2, 2_000, root="t")


class Watch:
    """A clock on which the time from look to look is a quarter of what any update may take."""

    def __init__(self, slow: float = 1.0) -> None:
        """Make one that is slower or faster than that."""
        self.looks = 0
        self._slow = slow

    def __call__(self) -> float:
        self.looks += 1
        return self.looks * self._slow * integration.ALLOWED / 4


@pytest.fixture(autouse=True)
def nothing_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integration, "ALLOWED_EACH", 0.0)


def test_update_in_pieces_comes_to_what_it_is_at_once() -> None:
    plain: Doc[Text] = Doc()
    text = plain.get("t", type=Text)
    for update in (OTHERS, MANY):
        plain.apply_update(update)

    document = Document([OTHERS])
    applied = document.apply([MANY])

    assert text_of(document.state()) == str(text)
    assert document.state_vector() == plain.get_state()
    assert applied.append == (MANY,)
    assert applied.broadcast is not None
    assert text_of(OTHERS, applied.broadcast) == str(text)


def test_the_time_is_looked_at_after_every_few_structs() -> None:
    watch = Watch(slow=0.001)
    Document([OTHERS], clock=watch).apply([MANY])

    assert watch.looks == 1 + 2_000 / integration.AT_ONCE


def test_update_that_was_walked_elsewhere_is_cut_there(monkeypatch: pytest.MonkeyPatch) -> None:
    walked = walk(MANY, DEFAULTS)
    monkeypatch.setattr(integration, "cut", None)

    document = Document([OTHERS])
    document.apply([walked])

    assert len(walked.pieces) == 2_000 / integration.AT_ONCE
    assert len(text_of(document.state())) == 4_000


def test_few_structs_are_given_at_once() -> None:
    watch = Watch()
    Document([OTHERS], clock=watch).apply([prepended(2, integration.AT_ONCE, root="t")])

    assert watch.looks == 2


def test_update_that_takes_too_long_is_given_no_further() -> None:
    watch = Watch()
    with pytest.raises(PoisonedReplica, match="10000 structs stand beside too much"):
        Document([OTHERS], clock=watch).apply([prepended(2, 10_000, root="t")])

    assert watch.looks == 6, "at the beginning, and after each of five pieces"


def test_what_is_stored_is_loaded_however_long_that_takes() -> None:
    watch = Watch(slow=1_000.0)
    document = Document([OTHERS, prepended(2, 10_000, root="t")], clock=watch)

    assert not watch.looks
    assert len(text_of(document.state())) == 12_000


def test_whoever_sent_it_is_refused_and_nobody_else_loses_a_letter() -> None:
    scene = Scene()
    ada, mallory = scene.join(), scene.join()
    scene.room.rebuild(Document([OTHERS], clock=Watch()))
    scene.flush()

    mallory.update(prepended(2, 10_000, root="t"))
    flush = scene.flush()

    assert [(offence.writer, type(offence.error)) for offence in flush.offences] == [(mallory.session, UpdateError)]
    assert flush.append == ()
    assert scene.room.needs_rebuild
    scene.room.rebuild(Document([OTHERS], clock=Watch()))
    letter = Peer(3).edit(lambda peer: peer.map.update({"x": 1}))
    ada.update(letter)
    assert scene.flush().append == (letter,)
