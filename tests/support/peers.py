"""A Yjs client without a network: a document of its own, and the updates its edits make."""

from collections.abc import Callable, Iterable
from typing import Any

from pycrdt import Doc, Map, Text, TransactionEvent, XmlFragment

from collab.protocol.messages import AwarenessEntry


class Peer:
    """A client's replica, with a text `t`, a map `m` and a fragment `x`."""

    def __init__(self, client_id: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.client_id = client_id
        self.text: Text = self.doc.get("t", type=Text)
        self.map: Map[Any] = self.doc.get("m", type=Map)
        self.fragment: XmlFragment = self.doc.get("x", type=XmlFragment)
        self._made: list[bytes] = []
        self._subscription = self.doc.observe(self._note)
        self._clock = 0

    def _note(self, event: TransactionEvent) -> None:
        self._made.append(event.update)

    @property
    def state_vector(self) -> bytes:
        return self.doc.get_state()

    @property
    def state(self) -> bytes:
        return self.doc.get_update()

    def edit(self, change: Callable[["Peer"], object]) -> bytes:
        """Make one edit and return its update."""
        update = self.try_edit(change)
        assert update is not None, "the edit changed nothing"
        return update

    def try_edit(self, change: Callable[["Peer"], object]) -> bytes | None:
        """Make one edit and return its update; `None` where it changed nothing."""
        self._made.clear()
        with self.doc.transaction():
            change(self)
        return self._made[0] if self._made else None

    def type(self, text: str) -> bytes:
        """Append to the text and return the update."""
        return self.edit(lambda peer: peer.text.insert(len(str(peer.text).encode()), text))

    def hear(self, updates: Iterable[bytes]) -> None:
        """Apply what others made."""
        for update in updates:
            self.doc.apply_update(update)

    def presence(self, state: str = "{}") -> AwarenessEntry:
        """Return its next awareness state."""
        self._clock += 1
        return AwarenessEntry(self.client_id, self._clock, state)


def text_of(*updates: bytes) -> str:
    """Return the text `t` that these updates make."""
    peer = Peer(1)
    peer.hear(updates)
    return str(peer.text)
