"""Histories that leave little or nothing, or that come in many small pieces: what they leave in a store must be in proportion."""

import random
from collections.abc import Iterator
from typing import Final

from benchmarks.histories import Edit
from tests.support.peers import Peer

ADA: Final = 1
BOB: Final = 2
_CLIENT: Final = 2**31 + 5
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz "


def paste_taken_back(letters: int = 60_000) -> Iterator[Edit]:
    """Somebody pastes a long text, and deletes it again."""
    peer, source = Peer(_CLIENT), random.Random(1)
    yield Edit(peer.type("".join(source.choices(_LETTERS, k=letters))), _CLIENT, ADA)
    yield Edit(_erase(peer, 0, letters), _CLIENT, ADA)


def keystrokes_taken_back(edits: int = 20_000) -> Iterator[Edit]:
    """Somebody types some letters, and takes as many or fewer back by backspace; at the end all of them."""
    peer, source = Peer(_CLIENT), random.Random(1)
    made = length = 0
    while made < edits:
        typed = source.randrange(5, 40)
        for _ in range(typed):
            yield _edit(peer.edit(lambda peer: peer.text.insert(len(peer.text), "x")))
        length += typed
        erased = min(length, source.randrange(5, 40))
        for end in range(length, length - erased, -1):
            yield _edit(_erase(peer, end - 1, end))
        length -= erased
        made += typed + erased
    for end in range(length, 0, -1):
        yield _edit(_erase(peer, end - 1, end))


def deleted_by_turns(letters: int = 20_000) -> Iterator[Edit]:
    """What one wrote, two delete together, a few letters each time."""
    peer, source = Peer(_CLIENT), random.Random(1)
    yield Edit(peer.type("x" * letters), _CLIENT, ADA)
    while letters:
        count = min(letters, source.randrange(1, 6))
        yield Edit(_erase(peer, 0, count), _CLIENT, source.choice((ADA, BOB)))
        letters -= count


def slow_typing(edits: int = 5_000) -> Iterator[Edit]:
    """Each letter comes minutes after the one before."""
    peer, source = Peer(_CLIENT), random.Random(1)
    for _ in range(edits):
        letter = source.choice(_LETTERS)
        update = peer.edit(lambda peer, letter=letter: peer.text.insert(len(peer.text), letter))  # type: ignore[misc]
        yield Edit(update, _CLIENT, ADA, pause=source.randrange(61, 600))


def a_word_from_each_client(clients: int = 2_000) -> Iterator[Edit]:
    """Each opening of a page is a new client; each writes a word."""
    source = random.Random(1)
    for _ in range(clients):
        peer = Peer(source.randrange(1 << 32))
        yield Edit(peer.type("ok "), peer.client_id, ADA, pause=source.randrange(61, 900))


def _edit(update: bytes) -> Edit:
    return Edit(update, _CLIENT, ADA)


def _erase(peer: Peer, start: int, end: int) -> bytes:
    return peer.edit(lambda peer: peer.text.__delitem__(slice(start, end)))
