"""What stands in a document's log after its snapshot, and when that is worth another one."""

from collections.abc import Callable, Iterable

from collab.ports import Compaction, StoredContent
from collab.rooms import compaction


class Tail:
    """Counts the updates after the snapshot, as far as this process knows of them."""

    __slots__ = ("_bytes", "_failed_bytes", "_failed_rows", "_folding", "_rows", "_snapshot_bytes")

    def __init__(self, content: StoredContent) -> None:
        self._snapshot_bytes = len(content.snapshot or b"")
        self._rows = self._bytes = 0
        self._folding: tuple[int, int] | None = None
        """Rows and bytes when the compaction under way began."""
        self._failed_rows = self._failed_bytes = 0
        """How long the tail was when a compaction failed: another try before it has doubled would cost as much, for as little."""
        self.add(content.updates)

    def add(self, updates: Iterable[bytes]) -> None:
        """Take note of updates that were committed."""
        for update in updates:
            self._rows += 1
            self._bytes += len(update)

    @property
    def is_due(self) -> bool:
        """Whether the log should be compacted now; never while it is, and after a failure once the tail has doubled."""
        if self._folding is not None:
            return False
        if self._rows < 2 * self._failed_rows and self._bytes < 2 * self._failed_bytes:
            return False
        return compaction.is_due(snapshot_bytes=self._snapshot_bytes, tail_bytes=self._bytes, tail_rows=self._rows)

    def is_due_at_rest(self, state: Callable[[], bytes]) -> bool:
        """Tell whether the log should be compacted because everybody has left, for a document of this state; never after a failure."""
        if self._folding is not None or self._failed_rows:
            return False
        if self._rows > compaction.LONGEST_AT_REST:
            return True
        return self._outweighs(b"") and self._outweighs(state())

    def _outweighs(self, state: bytes) -> bool:
        return compaction.is_due_at_rest(
            state_bytes=len(state),
            snapshot_bytes=self._snapshot_bytes,
            tail_bytes=self._bytes,
            tail_rows=self._rows,
        )

    def begin(self) -> None:
        """Take note that a compaction begins, which will fold everything noted so far."""
        self._folding = self._rows, self._bytes

    def end(self, outcome: Compaction | None) -> None:
        """Take note of what came of it; `None` for nothing, and then the tail is what it was."""
        if self._folding is not None:
            rows, size = self._folding
            self._folding = None
            if outcome is None:
                self._failed_rows, self._failed_bytes = rows, size
            else:
                self._failed_rows = self._failed_bytes = 0
                self._snapshot_bytes = outcome.snapshot_bytes
                self._rows -= rows
                self._bytes -= size
