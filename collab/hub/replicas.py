"""Replicas and states from what is stored: at once where that is quick, and otherwise so that nobody in the event loop waits for it.

The CRDT keeps the interpreter's lock while it works, so that a thread would not help. What takes long is done by a process of its own, and
what must be done here in steps of a few milliseconds, between which everybody else has a turn.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from time import thread_time
from typing import Final

import structlog
from anyio import Lock

from collab.errors import CollabError, CorruptDocument, ProtocolError, UpdateError
from collab.offloading import offloaded
from collab.ports import StoredContent, StoredDocument
from collab.protocol.lib0 import Reader
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import EMPTY_STATE_VECTOR
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica
from collab.rooms.prepared import Prepared
from collab.rooms.preparing import encode_diffs, prepare

log = structlog.get_logger(__name__)

QUICK_TO_LOAD: Final = 448 * 1024
"""Weight of stored content up to which a replica is built at once: that takes some ten milliseconds, and a process takes 200 to start."""

TAIL_WEIGHT: Final = 4
"""What a byte of the log's tail weighs: it is taken apart before the CRDT gets it, and one of the snapshot is not."""

CLIENT_WEIGHT: Final = 64
"""What a client of the snapshot weighs more than its bytes: the CRDT has a list for each, and looks after those that build upon others."""


class Replicas:
    """Builds the replicas of one hub; of those that take long, one at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = Lock()

    async def build(self, stored: StoredDocument | None) -> Document:
        """Build a replica from what is stored. Raises `CorruptDocument` when that cannot be loaded, and `WorkLost`."""
        if stored is None or _weight(stored.content) <= QUICK_TO_LOAD:
            return load_replica(stored, self._limits)
        try:
            prepared = await self._prepared(stored)
            async with self._turn:
                return await self._in_steps(prepared, stored.content.snapshot)
        except (ProtocolError, UpdateError, PoisonedReplica) as error:
            log.warning("a heavy document is loaded at once", document=stored.record.name, error=str(error))
            return load_replica(stored, self._limits)

    async def _prepared(self, stored: StoredDocument) -> Prepared:
        content = stored.content
        try:
            return await offloaded(_weight(content), prepare, content.snapshot, content.updates)
        except (UpdateError, PoisonedReplica) as error:
            raise _corrupt(stored, error) from error

    async def _in_steps(self, prepared: Prepared, snapshot: bytes | None) -> Document:
        document = Document(limits=self._limits, is_loaded=False, clock=thread_time)
        for _ in document.load(prepared, prepared.state or snapshot or b""):
            await asyncio.sleep(0)
        return document

    async def state(self, stored: StoredDocument) -> bytes:
        """Return what is stored as one update. Raises as `build` does."""
        if _weight(stored.content) <= QUICK_TO_LOAD:
            return load_replica(stored).state()
        diffs = await self.diffs(stored, {EMPTY_STATE_VECTOR})
        if EMPTY_STATE_VECTOR not in diffs:
            raise _corrupt(stored, PoisonedReplica("the CRDT failed to encode its state"))
        return diffs[EMPTY_STATE_VECTOR]

    async def diffs(self, stored: StoredDocument, state_vectors: Collection[bytes]) -> dict[bytes, bytes]:
        """Return what lacks of what is stored to somebody with each of these state vectors. Raises as `build` does.

        What cannot be answered, as it is no state vector or the CRDT fails at it, is left out.
        """
        content = stored.content
        if content.snapshot is not None and not content.updates and set(state_vectors) == {EMPTY_STATE_VECTOR}:
            return {
                EMPTY_STATE_VECTOR: content.snapshot
            }  # its checksum is right, and it was loaded before it was stored
        try:
            return await offloaded(_weight(content), encode_diffs, content.snapshot, content.updates, state_vectors)
        except (UpdateError, PoisonedReplica) as error:
            raise _corrupt(stored, error) from error


def load_replica(stored: StoredDocument | None, limits: Limits = DEFAULTS) -> Document:
    """Build a replica from what is stored, at once. Raises `CorruptDocument` when that cannot be loaded."""
    if stored is None:
        return Document(limits=limits, clock=thread_time)
    content = stored.content
    try:
        return Document(content.updates, snapshot=content.snapshot, limits=limits, clock=thread_time)
    except (UpdateError, PoisonedReplica) as error:
        raise _corrupt(stored, error) from error


def _corrupt(stored: StoredDocument, error: CollabError) -> CorruptDocument:
    return CorruptDocument(f"the log of {stored.record.name!r} cannot be loaded: {error}")


def _weight(content: StoredContent) -> int:
    snapshot, tail = content.snapshot or b"", sum(map(len, content.updates))
    return len(snapshot) + CLIENT_WEIGHT * _clients(snapshot) + TAIL_WEIGHT * tail


def _clients(snapshot: bytes) -> int:
    """Return how many clients it says to hold structs of; one that is damaged says what it wants, and is refused when it is loaded."""
    with suppress(ProtocolError):
        return Reader(snapshot).var_uint()
    return 0
