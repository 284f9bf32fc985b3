"""The program's own replica of a document, which is one more client of its room."""

from collections.abc import Callable
from logging import Logger
from typing import Any, Final

import anyio
from pycrdt import Awareness, Doc, TransactionEvent

from collab.errors import CollabError, ServerDraining
from collab.hub.live_room import LiveRoom
from collab.protocol.awareness import decode_awareness, encode_awareness
from collab.protocol.frames import Frame
from collab.protocol.messages import Awareness as AwarenessMessage
from collab.protocol.messages import SyncStep1, SyncStep2, SyncUpdate
from collab.protocol.ywebsocket import YWebsocketDialect, decode
from collab.rooms.session import Rights, Session, SessionId

OUTBOX_BYTES: Final = 64 * 1024 * 1024
"""What may wait for the program; it is in this process, and takes it as soon as the event loop is free."""

_ROOM: Final = "collab room"
"""Where changes of the awareness come from that the room tells of."""


class Mirror:
    """Keeps a document and an awareness in step with a room, both ways. It is the wire of its own session."""

    def __init__(self, ydoc: Doc[Any], awareness: Awareness, log: Logger) -> None:
        self.session = Session(SessionId("program"), YWebsocketDialect(), self, Rights(), outbox_bytes=OUTBOX_BYTES)
        self.ended: CollabError | None = None
        self._ydoc = ydoc
        self._awareness = awareness
        self._log = log
        self._live: LiveRoom
        self._payloads: list[bytes] = []
        self._work = anyio.Event()
        self._is_listening = False
        self._on_end: Callable[[], None] = lambda: None

    async def run(self, live: LiveRoom, on_end: Callable[[], None]) -> None:
        """Keep in step until cancelled, or until the room parts with everybody, of which `on_end` tells."""
        self._live, self._on_end = live, on_end
        self._is_listening = False
        edits = self._ydoc.observe(self._edited)
        states = self._awareness.observe(self._announced)
        try:
            live.receive(self.session, SyncStep1(self._ydoc.get_state()))
            live.receive(self.session, SyncUpdate(self._ydoc.get_update()))
            while True:
                payloads, self._payloads = self._payloads, []
                for payload in payloads:
                    self._hear(payload)
                if not self._payloads:
                    self._work = anyio.Event()
                    await self._work.wait()
        finally:
            self._ydoc.unobserve(edits)
            self._awareness.unobserve(states)
            live.leave(self.session)

    def end(self, error: CollabError) -> None:
        """Take note that the room has parted with everybody."""
        self.ended = error
        if not isinstance(error, ServerDraining):
            self._log.warning("a room ended: %s", error)
        self._on_end()

    # As a wire

    def write(self, frame: Frame) -> int:
        """Take a frame of the room; it is looked at when the event loop is free."""
        self._payloads.append(frame.payload)
        self._work.set()
        return self.waiting()

    def waiting(self) -> int:
        """Return how many bytes have not been looked at."""
        return sum(map(len, self._payloads))

    # What the room says

    def _hear(self, payload: bytes) -> None:
        self._is_listening = True
        try:
            match decode(payload):
                case SyncStep2(update) | SyncUpdate(update):
                    self._ydoc.apply_update(update)
                case AwarenessMessage(entries) if entries:
                    self._awareness.apply_awareness_update(encode_awareness(entries), _ROOM)
                case _:
                    pass
        except Exception:  # noqa: BLE001 - an observer of the program failed; what it was told is in the document all the same
            self._log.exception("the program failed to take in what a room said")
        finally:
            self._is_listening = False

    # What the program says

    def _edited(self, event: TransactionEvent) -> None:
        if not self._is_listening and self.ended is None:
            self._live.receive(self.session, SyncUpdate(event.update))

    def _announced(self, kind: str, changes: tuple[dict[str, Any], Any]) -> None:
        if kind != "update" or changes[1] != "local" or self.ended is not None:
            return
        clients = [client for listed in changes[0].values() for client in listed]
        self._live.receive(self.session, decode_awareness(self._awareness.encode_awareness_update(clients)))
