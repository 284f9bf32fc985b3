"""A replica of one document: the only place of the live server that touches the CRDT."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, TransactionEvent
from pycrdt import get_update as subtract_state

from collab.errors import CollabError, ProtocolError, UpdateError
from collab.protocol.messages import EMPTY_STATE_VECTOR
from collab.protocol.updates import (
    DeleteSet,
    StateVector,
    covers,
    decode_delete_set,
    decode_state_vector,
)


class PoisonedReplica(CollabError):
    """The CRDT failed half-way; this replica must not be used again, only be built anew from what is stored."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of applying some updates."""

    broadcast: bytes | None
    """One update with everything that changed, or `None` when nothing did."""

    append: tuple[bytes, ...]
    """What the log must keep: the updates as they came, also those that wait for one still missing; not what was known already.

    They are not merged: what waits is in no encoding of the CRDT, and a row is one writer's.
    """

    refused: dict[int, UpdateError]
    """By its index, what is wrong with an update that was not applied."""


class Document:
    """One replica, fed with Yjs updates (v1).

    Every method raises `PoisonedReplica` when the CRDT panics: its errors are no `Exception`s, and leave it in a state nobody knows.
    """

    __slots__ = ("_changes", "_doc", "_state", "_subscription")

    def __init__(self, updates: Iterable[bytes] = ()) -> None:
        """Build a replica from stored updates, in their order. Raises `UpdateError` when one of them is not an update."""
        stored = list(updates)
        self._state: bytes | None = None
        self._changes: list[bytes] = []
        self._doc: Doc[Any] = Doc()
        try:
            self._load(stored)
        except PoisonedReplica:
            # What the CRDT clears away at the end of a transaction decides about some malformed updates. They were taken in one by one,
            # or nearly so, and they are taken again that way.
            self._doc = Doc()
            for update in stored:
                self._load([update])
        self._subscription = self._doc.observe(self._changed)

    def _load(self, updates: Sequence[bytes]) -> None:
        refused = self._transact(updates)
        if refused:
            index, error = next(iter(refused.items()))
            raise UpdateError(f"update {index} of the stored ones: {error}")

    def _changed(self, event: TransactionEvent) -> None:
        self._changes.append(event.update)

    def apply(self, updates: Sequence[bytes]) -> Applied:
        """Apply updates in one transaction; those that are no updates are refused, and the others applied all the same."""
        refused = self._transact(updates)
        broadcast, self._changes = (self._changes[0] if self._changes else None), []
        if broadcast is not None:
            self._state = None
        accepted = [update for index, update in enumerate(updates) if index not in refused]
        if broadcast is None and accepted:
            state_vector = self.state_vector()
            accepted = [update for update in accepted if is_waiting(update, state_vector)]
        return Applied(broadcast, tuple(accepted), refused)

    def _transact(self, updates: Sequence[bytes]) -> dict[int, UpdateError]:
        refused: dict[int, UpdateError] = {}
        doc = self._doc
        try:
            with doc.transaction():
                for index, update in enumerate(updates):
                    try:
                        doc.apply_update(update)
                    except ValueError as error:  # it could not be decoded, and so nothing of it was applied
                        refused[index] = UpdateError(
                            f"{len(update)} bytes that are no Yjs update: {_first_line(error)}"
                        )
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the CRDT (pyo3's PanicException) is no Exception
            raise PoisonedReplica(f"the CRDT failed to apply an update: {_first_line(error)}") from error
        return refused

    def state_vector(self) -> bytes:
        """Return what this replica has, as an encoded state vector."""
        return self._read(self._doc.get_state)

    def state(self) -> bytes:
        """Return everything, as one update. Encoded once for all who ask between two changes."""
        if self._state is None:
            self._state = self._read(self._doc.get_update)
        return self._state

    def diff(self, state_vector: bytes) -> bytes:
        """Return what lacks to somebody with this state vector. Raises `ProtocolError` when it is none."""
        if state_vector == EMPTY_STATE_VECTOR:
            return self.state()
        decode_state_vector(state_vector)  # the CRDT trusts the count in it, and would reserve memory for it
        try:
            return self._doc.get_update(state_vector)
        except ValueError:
            raise ProtocolError(f"{len(state_vector)} bytes that are no state vector") from None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise PoisonedReplica(f"the CRDT failed to encode a diff: {_first_line(error)}") from error

    def holds(self, update: bytes) -> bool:
        """Tell whether an update brings nothing new, neither content nor deletions. Raises `UpdateError` when it is none."""
        state_vector = self.state_vector()
        rest = _subtract(update, state_vector)
        if rest[:1] != b"\x00":
            return False
        own = self._read(lambda: self._doc.get_update(state_vector))
        return rest == own or covers(_delete_set_of(own), _delete_set_of(rest))

    @staticmethod
    def _read(read: Any) -> bytes:  # noqa: ANN401 - a bound method of an untyped binding
        try:
            return bytes(read())
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise PoisonedReplica(f"the CRDT failed to encode its state: {_first_line(error)}") from error


def is_waiting(update: bytes, state_vector: bytes) -> bool:
    """Tell whether a replica that took this update in and has this state still keeps part of it aside.

    An edit, or a deletion, that builds upon one not yet seen waits for it; the CRDT holds it in memory but encodes it nowhere.
    """
    rest = _subtract(update, state_vector)
    if rest[:1] != b"\x00":
        return True
    return _deletes_unseen(_delete_set_of(rest), decode_state_vector(state_vector))


def _deletes_unseen(deleted: DeleteSet, seen: StateVector) -> bool:
    return any(end > seen.get(client_id, 0) for client_id, ranges in deleted.items() for _, end in ranges)


def _subtract(update: bytes, state_vector: bytes) -> bytes:
    """Return the structs that are not in the state vector, and all deletions."""
    try:
        return subtract_state(update, state_vector)
    except ValueError as error:
        raise UpdateError(f"{len(update)} bytes that are no Yjs update: {_first_line(error)}") from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise UpdateError(f"the CRDT cannot read this update: {_first_line(error)}") from error


def _delete_set_of(update_without_structs: bytes) -> DeleteSet:
    try:
        return decode_delete_set(update_without_structs[1:])
    except ProtocolError as error:
        raise UpdateError(f"the deletions of an update cannot be read: {error}") from None


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
