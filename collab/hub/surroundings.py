"""What a live room asks of the hub."""

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Protocol

from collab.ports import DocumentName, StoredDocument
from collab.rooms.document import Document
from collab.turns import Turns

if TYPE_CHECKING:
    from collab.hub.live_room import LiveRoom


class Surroundings(Protocol):
    """What a live room asks of the hub."""

    @property
    def looking(self) -> Turns[DocumentName]:
        """Turns of those who look whether somebody else has created a document meanwhile."""
        ...

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Load the document from the log."""
        ...

    async def replica(self, name: DocumentName) -> Document:
        """Build a replica of the document from the log."""
        ...

    async def diffs(self, name: DocumentName, state_vectors: frozenset[bytes]) -> Mapping[bytes, bytes]:
        """Return what lacks, of the document in the log, to somebody with each of these state vectors."""
        ...

    def start(self, work: Callable[[], Coroutine[object, object, None]], name: str) -> None:
        """Run a coroutine function in the hub's task group."""
        ...

    def edited(self, live: "LiveRoom") -> None:
        """Take note that something new of the document is in the log."""
        ...

    def compaction_due(self, live: "LiveRoom") -> None:
        """Have the document's log folded into a snapshot."""
        ...

    def drop(self, live: "LiveRoom") -> None:
        """Forget a room that was closed."""
        ...
