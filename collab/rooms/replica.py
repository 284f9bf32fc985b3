"""What a replica tells: its state, what lacks to somebody, and whether that takes long."""

from typing import Any, Final, NamedTuple

from pycrdt import Doc
from pycrdt import get_update as subtract_state

from collab.errors import ProtocolError, UpdateError
from collab.protocol.limits import Limits
from collab.protocol.messages import EMPTY_STATE_VECTOR
from collab.protocol.structs import Run, read_structs
from collab.protocol.updates import (
    DeleteSet,
    StateVector,
    covers,
    decode_delete_set,
    decode_state_vector,
    encode_state_vector,
)
from collab.rooms.pairs import SurrogatePairs
from collab.rooms.poison import PoisonedReplica, first_line, guarded

QUICK_TO_ENCODE: Final = 2 * 1024 * 1024
"""Bytes of a state, or of what lacks to somebody, that are encoded within ten milliseconds."""


class Edition(NamedTuple):
    """A replica as it was at a moment."""

    changes: int
    """How often it had been changed."""

    size: int
    """About how many bytes its state took."""


class Replica:
    """A document of the CRDT, to be read. Every method raises `PoisonedReplica` when the CRDT panics."""

    __slots__ = ("_changes_made", "_doc", "_limits", "_pairs", "_reached", "_size", "_state")

    def __init__(self, size: int) -> None:
        """Begin an empty one, whose state will take about this many bytes once it is loaded."""
        self._doc: Doc[Any] = Doc()
        self._pairs = SurrogatePairs()
        self._reached: StateVector = {}
        """What was given to the CRDT, which is what it has."""
        self._limits: Limits | None = None
        """Of what is asked about; `None` while a log is loaded, for what is in it was taken in once, and its rows may be merged ones."""
        self._state: bytes | None = None
        self._size = size
        """About how many bytes the state takes; rather more than it does."""
        self._changes_made = 0

    def _changed(self, by: int) -> None:
        """Take note of a change in about so many bytes."""
        self._state = None
        self._size += by
        self._changes_made += 1

    def state_vector(self) -> bytes:
        """Return what this replica has, as an encoded state vector."""
        return guarded("encode its state vector", self._doc.get_state)

    def state(self) -> bytes:
        """Return everything, as one update. Encoded once for all who ask between two changes."""
        if self._state is None:
            self._state = guarded("encode its state", self._doc.get_update)
            self._size = len(self._state)
        return self._state

    @property
    def edition(self) -> Edition:
        """Return what every change of the document changes."""
        return Edition(self._changes_made, self._size)

    def remember(self, state: bytes, edition: Edition) -> None:
        """Take note of what was encoded elsewhere for the state of this edition; of an earlier one it tells no more than the size."""
        if edition.changes == self._changes_made:
            self._state, self._size = state, len(state)
        else:
            self._size = min(self._size, len(state) + max(0, self._size - edition.size))

    def is_slow_to_tell(self, state_vector: bytes = EMPTY_STATE_VECTOR) -> bool:
        """Tell whether `diff` would take longer than everybody should wait for it. Raises `ProtocolError` for what is no state vector."""
        if self._size <= QUICK_TO_ENCODE:
            return False
        if state_vector == EMPTY_STATE_VECTOR:
            return self._state is None
        reached = decode_state_vector(state_vector)
        lacking = sum(max(0, end - reached.get(client, 0)) for client, end in self._reached.items())
        return self._size * lacking > QUICK_TO_ENCODE * sum(self._reached.values())

    def diff(self, state_vector: bytes) -> bytes:
        """Return what lacks to somebody with this state vector. Raises `ProtocolError` when it is none."""
        if state_vector == EMPTY_STATE_VECTOR:
            return self.state()
        reached = decode_state_vector(state_vector)  # the CRDT trusts the count in it, and would reserve memory for it
        if self._pairs.lower(reached, self.state):
            state_vector = encode_state_vector(reached)
        try:
            return guarded("encode a diff", lambda: self._doc.get_update(state_vector))
        except ValueError:
            raise ProtocolError(f"{len(state_vector)} bytes that are no state vector") from None

    def deletions(self) -> DeleteSet:
        """Return everything that is deleted."""
        return _delete_set_of(guarded("encode its deletions", lambda: self._doc.get_update(self._doc.get_state())))

    def holds(self, update: bytes) -> bool:
        """Tell whether an update brings nothing new, neither content nor deletions. Raises `UpdateError` when it is none."""
        try:
            read_structs(update, self._limits)
        except ProtocolError as error:
            raise UpdateError(f"{len(update)} bytes that are no Yjs update: {error}") from None
        state_vector = self.state_vector()
        rest = _subtract(update, state_vector)
        if rest[:1] != b"\x00":
            return False
        own = guarded("encode its deletions", lambda: self._doc.get_update(state_vector))
        return rest == own or covers(_delete_set_of(own), _delete_set_of(rest))

    def reached(self, client: int) -> int:
        """Return how far what is held of a client goes."""
        return self._reached.get(client, 0)

    def since(self, client: int, clock: int) -> bytes:
        """Return an update with what is held of a client from this clock on. Raises `PoisonedReplica`."""
        reached = decode_state_vector(self.state_vector())
        return self.diff(encode_state_vector({**reached, client: clock}))


def read_back(written: bytes) -> tuple[Run, ...]:
    """Take apart what the CRDT wrote; of an update that cuts a surrogate pair it may write structs of no length, which nobody reads."""
    try:
        return read_structs(written).runs
    except ProtocolError as error:
        raise PoisonedReplica(f"the CRDT wrote what cannot be read: {error}") from error


def _subtract(update: bytes, state_vector: bytes) -> bytes:
    """Return the structs that are not in the state vector, and all deletions."""
    try:
        return guarded("read this update", lambda: subtract_state(update, state_vector))
    except ValueError as error:
        raise UpdateError(f"{len(update)} bytes that are no Yjs update: {first_line(error)}") from None
    except PoisonedReplica as error:
        raise UpdateError(str(error)) from error


def _delete_set_of(update_without_structs: bytes) -> DeleteSet:
    try:
        return decode_delete_set(update_without_structs[1:])
    except ProtocolError as error:
        raise UpdateError(f"the deletions of an update cannot be read: {error}") from None
