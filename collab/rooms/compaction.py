"""When the tail of a document's log is folded into a snapshot, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collab.errors import UpdateError
from collab.protocol.updates import DeleteSet, decode_state_vector
from collab.rooms.document import Document
from collab.rooms.held import is_waiting

SMALLEST_TAIL_BYTES: Final = 64 * 1024
"""A tail below this is not worth a snapshot: it loads in a millisecond."""

LONGEST_TAIL: Final = 400
"""Log rows after which a snapshot pays whatever their size: each costs a row to read and an update to apply."""

SNAPSHOT_BYTES_PER_ROW: Final = 640
"""Of a large document more rows may wait, one for so many bytes: a snapshot of it costs more than to load them."""

ROW_BYTES: Final = 100
"""About what a database adds to each row of the log, with its place in the indexes: several times what a keystroke takes."""

LONGEST_AT_REST: Final = 50
"""Rows that may wait for whoever opens the document next: now nobody waits for a snapshot, and then somebody would wait for each row."""

SMALLEST_AT_REST: Final = 4096
"""A page of a database: what a document that nobody has open takes up beyond its due by less than that is not worth a snapshot."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """A snapshot of everything that was read, and what it cannot hold."""

    state: bytes
    deleted: DeleteSet
    """What is deleted in it."""

    waiting: tuple[int, ...]
    """Indexes of updates that wait for one still missing: the snapshot lacks them, so the log must keep them."""


def is_due(*, snapshot_bytes: int, tail_bytes: int, tail_rows: int) -> bool:
    """Tell whether the tail has outgrown the snapshot, so that compaction stays a constant factor of what is written."""
    most_rows = max(LONGEST_TAIL, snapshot_bytes // SNAPSHOT_BYTES_PER_ROW)
    return tail_rows >= most_rows or weight(tail_bytes, tail_rows) >= max(SMALLEST_TAIL_BYTES, snapshot_bytes)


def is_due_at_rest(*, state_bytes: int, snapshot_bytes: int, tail_bytes: int, tail_rows: int) -> bool:
    """Tell whether a document that is left alone now takes long to open, or takes up more than twice its state.

    Where that was deleted, its snapshot does too.
    """
    return tail_rows > LONGEST_AT_REST or (
        tail_rows > 0 and snapshot_bytes + weight(tail_bytes, tail_rows) > 2 * state_bytes + SMALLEST_AT_REST
    )


def weight(tail_bytes: int, tail_rows: int) -> int:
    """Return about how many bytes a tail takes up in a database."""
    return tail_bytes + tail_rows * ROW_BYTES


def compact(snapshot: bytes | None, updates: Sequence[bytes]) -> Compacted:
    """Fold a snapshot and the updates after it into one.

    Raises `UpdateError` or `PoisonedReplica` when they cannot be loaded, or when the result does not load to the same state: then the
    log must stay as it is.
    """
    document = Document(updates, snapshot=snapshot)
    state, seen = document.state(), decode_state_vector(document.state_vector())
    loaded = Document([state])
    # as values: the CRDT writes the clients of a state vector in any order
    if decode_state_vector(loaded.state_vector()) != seen:
        raise UpdateError(f"a snapshot of {len(state)} bytes does not load to the state it was made from")
    waiting = tuple(index for index, update in enumerate(updates) if is_waiting(update, seen))
    return Compacted(state, loaded.deletions(), waiting)
