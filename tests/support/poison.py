"""An update that the CRDT fails on half-way."""

from functools import cache
from typing import Final

from pycrdt import XmlElement

from tests.support.peers import Peer

POISON: Final = bytes.fromhex("0101080004000700016100")
"""Puts a letter into a letter: by client 8, into the first that client 7 wrote. It reads well; only the CRDT finds that nothing can be in
there, when it has begun to apply the transaction (pycrdt 0.14.13)."""


@cache
def victim_state() -> bytes:
    """Return the document that the poison is for: with a text, a map and a fragment, by client 7."""
    peer = Peer(7)
    peer.text.insert(0, "hello")
    peer.map["k"] = 1.0
    peer.fragment.children.append(XmlElement("p"))
    return peer.state
