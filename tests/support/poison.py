"""Updates that make the CRDT panic. They are found by mutation, because which ones do changes with its releases."""

import random
from functools import cache
from typing import Final

from pycrdt import XmlElement

from collab.rooms.document import Document, PoisonedReplica
from tests.support.peers import Peer

SEED: Final = 20_250
TRIES: Final = 20_000
SEEN_TO_PANIC: Final = bytes.fromhex("010107022801086d026b30017c0000000000")
"""Against `victim_state()`, with pycrdt 0.14.13."""


@cache
def victim_state() -> bytes:
    """Return a document with a text, a map and a fragment, by client 7."""
    peer = Peer(7)
    peer.text.insert(0, "hello")
    peer.map["k"] = 1.0
    peer.fragment.children.append(XmlElement("p"))
    return peer.state


@cache
def poison() -> bytes:
    """Return an update that makes the CRDT panic when it is applied to the victim."""
    if panics(SEEN_TO_PANIC):
        return SEEN_TO_PANIC
    return found_by_mutation()


@cache
def found_by_mutation() -> bytes:
    """Mutate an honest client's edit until it makes the CRDT panic."""
    honest = Peer(8)
    honest.hear([victim_state()])
    edit = honest.edit(lambda peer: peer.map.update({"k0": 1.0, "k1": 2.0}))
    source = random.Random(SEED)
    for _ in range(TRIES):
        mutated = bytearray(edit)
        for _ in range(source.randint(1, 3)):
            mutated[source.randrange(len(mutated))] = source.choice((0, 1, 7, 8, source.randrange(256)))
        if panics(bytes(mutated)):
            return bytes(mutated)
    raise AssertionError(f"none of {TRIES} mutated updates made the CRDT panic")


def panics(update: bytes) -> bool:
    try:
        Document([victim_state()]).apply([update])
    except PoisonedReplica:
        return True
    return False
