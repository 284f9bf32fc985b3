"""A replica of one document: the only place of the live server that touches the CRDT."""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, cast
from weakref import finalize

from pycrdt import Doc
from pycrdt import get_update as subtract_state

from collab.errors import ContestedUpdate, ProtocolError, UpdateError
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import EMPTY_STATE_VECTOR, EMPTY_UPDATE
from collab.protocol.structs import NO_DELETIONS, Run, WalkedUpdate, read_structs, write_structs
from collab.protocol.updates import (
    DeleteSet,
    StateVector,
    covers,
    decode_delete_set,
    decode_state_vector,
    encode_state_vector,
)
from collab.rooms.applied import Applied
from collab.rooms.held import HeldRuns, is_waiting
from collab.rooms.log_rows import join_rows
from collab.rooms.overlap import parts_of
from collab.rooms.pairs import SurrogatePairs
from collab.rooms.poison import PoisonedReplica, first_line, guarded
from collab.rooms.prepared import Prepared
from collab.rooms.type_count import TypeCount

QUICK_TO_ENCODE: Final = 2 * 1024 * 1024
"""Bytes of a state, or of what lacks to somebody, that are encoded within ten milliseconds."""

_NONE: Final[frozenset[int]] = frozenset()


class Document:
    """One replica, fed with Yjs updates (v1).

    What builds upon an edit still missing is held until that comes: the CRDT would take in what it can of it, and then (yrs 0.28) write
    a state that nobody reads again, once the missing edits overlap with what it has.

    Every method raises `PoisonedReplica` when the CRDT panics.
    """

    __slots__ = (
        "__weakref__",
        "_changes",
        "_doc",
        "_given",
        "_has_forgotten",
        "_held",
        "_instead",
        "_limits",
        "_limits_then",
        "_new_clients",
        "_pairs",
        "_parted",
        "_reached",
        "_runs",
        "_size",
        "_state",
        "_types",
        "edition",
    )

    def __init__(
        self,
        updates: Iterable[bytes] = (),
        *,
        snapshot: bytes | None = None,
        limits: Limits = DEFAULTS,
        is_loaded: bool = True,
    ) -> None:
        """Build a replica from what is stored: a snapshot, which is what `state` returned once, and updates, in their order.

        The limits are for what comes then. One that is not loaded yet is good for `load` alone. Raises `UpdateError` when one of the stored
        is not an update.
        """
        stored = list(updates)
        self._state: bytes | None = None
        self._size = len(snapshot or b"") + sum(map(len, stored))
        """About how many bytes the state takes; rather more than it does."""
        self.edition = 0
        """How often the document was changed."""
        self._changes: list[bytes] = []
        self._runs: list[tuple[Run, ...]] = []
        """Of each of the updates of the transaction that is under way."""
        self._parted: list[bytes] = []
        """Deletions of what they would have parted."""
        self._instead: dict[bytes, tuple[bytes, ...]] = {}
        """What the CRDT was given in place of those of them that part a pair."""
        self._has_forgotten = False
        """Whether something held turned out to be malformed."""
        self._reached: StateVector = {}
        """What was given to the CRDT, which is what it has: see `_check_taken`."""
        self._given: dict[int, int] = {}
        """How far the transaction that is under way takes each client that it brings something new of."""
        self._new_clients: set[int] = set()
        """Those that it brings the first of."""
        self._limits_then = limits
        self._limits: Limits | None = None
        """`None` while a log is loaded, for what is in it was taken in once, and its rows may be merged ones."""
        self._begin(snapshot)
        if not is_loaded:
            return
        try:
            self._load_at_once(stored)
        except (PoisonedReplica, ProtocolError, UpdateError):
            # What the CRDT clears away at the end of a transaction decides about some malformed updates. They were taken in one by one,
            # or nearly so, and they are taken again that way.
            self._begin(snapshot)
            for update in stored:
                self._load([update])
        self._open()

    def load(self, prepared: Prepared, state: bytes) -> Iterator[None]:
        """Load, in steps of a few milliseconds, what was prepared of this state.

        Raises `PoisonedReplica` also where the CRDT does not come to that state, and `UpdateError` as for any that is stored.
        """
        for piece in prepared.pieces:
            self._give_stored(piece)
            yield
        self._reached = decode_state_vector(self.state_vector())
        if self._reached != prepared.reached:
            raise PoisonedReplica("the pieces of a snapshot do not load to the state it was made from")
        self._types = TypeCount(counted=prepared.types)
        self._pairs = SurrogatePairs(pairs=prepared.pairs)
        self._load_at_once(prepared.waiting)
        self._open()
        self._state, self._size = state, len(state)

    def _open(self) -> None:
        """Begin to take in what clients send, now that all that is stored is here."""
        limits = self._limits_then
        self._held.max_bytes = limits.held_bytes
        self._types.limit = limits.document_types
        self._pairs.is_bounded = True
        self._limits = limits
        self._watch()

    def _watch(self) -> None:
        """Have the CRDT tell of changes. It keeps itself alive as long as it has somebody to tell, and whoever that is."""
        changes = self._changes
        subscription = self._doc.observe(lambda event: changes.append(event.update))
        finalize(self, self._doc.unobserve, subscription).atexit = False

    def _begin(self, snapshot: bytes | None) -> None:
        self._doc: Doc[Any] = Doc()
        self._held = HeldRuns()
        self._types = TypeCount(snapshot)
        self._pairs = SurrogatePairs(snapshot)
        if snapshot is not None:
            self._give_stored(snapshot)
        self._reached = decode_state_vector(self.state_vector())

    def _give_stored(self, snapshot: bytes) -> None:
        try:
            guarded("apply a snapshot", lambda: self._doc.apply_update(snapshot))
        except ValueError as error:
            raise UpdateError(f"the stored snapshot: {first_line(error)}") from None

    def _load_at_once(self, updates: Sequence[bytes]) -> None:
        self._load(list(join_rows(updates, self._reached)))
        if self._has_forgotten:
            raise UpdateError("what was held turned out to be malformed")

    def _load(self, updates: Sequence[bytes]) -> None:
        refused = self._transact(updates)
        self._runs = []
        self._check_taken(decode_state_vector(self.state_vector()))
        if refused:
            index, error = next(iter(refused.items()))
            raise UpdateError(f"update {index} of the stored ones: {error}")

    def apply(self, updates: Sequence[bytes], trusted: Container[int] = ()) -> Applied:
        """Apply updates in one transaction; those that are no updates are refused, and the others applied all the same.

        The limits do not hold for those with a `trusted` index, which the server has made from what the document held.
        """
        refused = self._transact(updates, trusted)
        broadcast = None
        if self._changes:
            self._state = None
            self._size += len(self._changes[0])
            self.edition += 1
            broadcast = self._changes[0] if self._changes[0] != EMPTY_UPDATE else None
            self._changes.clear()
        runs, self._runs = tuple(self._runs), []
        if broadcast is None:
            new_runs: tuple[Run, ...] = ()
        elif broadcast == updates[0]:  # a keystroke by itself comes out as it went in
            new_runs = runs[0]
        else:
            new_runs = self._read_back(broadcast)
        self._check_taken({run.client: run.end for run in new_runs})
        news = [index for index in range(len(updates)) if index not in refused]
        if broadcast is None:  # what changed nothing, and yet brings something, waits
            news = [index for index in news if is_waiting(updates[index], self._reached)]
        new_clients = frozenset(self._new_clients) if self._new_clients else _NONE
        rows = [(index, row) for index in news for row in self._instead.get(updates[index], (updates[index],))]
        return Applied(
            tuple(self._parted),
            broadcast,
            tuple([row for _, row in rows]),
            tuple([index for index, _ in rows]),
            runs,
            new_runs,
            new_clients,
            refused,
        )

    def _transact(self, updates: Sequence[bytes], trusted: Container[int] = ()) -> dict[int, UpdateError]:
        """Give the CRDT what it may have of these updates, and hold the rest; return what is refused, by its index."""
        refused: dict[int, UpdateError] = {}
        self._runs, self._parted = [], []
        self._instead.clear()
        self._given.clear()
        self._new_clients.clear()

        def give() -> None:
            with self._doc.transaction():
                for index, update in enumerate(updates):
                    try:
                        self._runs.append(self._take(update, None if index in trusted else self._limits))
                    except ContestedUpdate as error:  # nothing of it was applied
                        self._runs.append(())
                        refused[index] = error
                    except (ValueError, ProtocolError) as error:  # nor here
                        self._runs.append(())
                        refused[index] = UpdateError(f"{len(update)} bytes that are no Yjs update: {first_line(error)}")
                if self._held:
                    self._take_held()

        guarded("apply an update", give)
        return refused

    def _take(self, update: bytes, limits: Limits | None) -> tuple[Run, ...]:
        """Give the CRDT what does not build upon something missing, and hold the rest; return what it holds."""
        is_walked = isinstance(update, WalkedUpdate) and (limits is None or update.limits == limits)
        structs = cast(WalkedUpdate, update).structs if is_walked else read_structs(update, limits)
        if structs.types:
            self._types.add(structs.types, self._doc.get_update, is_bounded=limits is not None)
        self._pairs.expect(structs.deleted, structs.runs, self._reached)
        ready, early = structs.ready(self._reached)
        if self._held and self._held.overlaps(ready):  # what came first stands, also where a log is loaded at once
            self._take_held()
            ready, early = structs.ready(self._reached)
        for run in ready:
            if not self._goes_on(run, update):
                self._refuse_malformed()
                ready, early = (), ()
                update = write_structs((), structs.deletions)
                break
        if not early:
            self._apply(update, ready)
            return structs.runs
        subtract_state(update, EMPTY_STATE_VECTOR)  # decodes it, so that nothing is held that the CRDT would refuse
        self._held.add(early)
        self._apply(write_structs(ready, structs.deletions), ready)
        return structs.runs

    def _refuse_malformed(self) -> None:
        """Refuse an update that goes on from other content than is known. While a log is loaded it stays there, waiting."""
        if self._limits is not None:
            raise ContestedUpdate("an update goes on from other content of its client than is known")
        self._has_forgotten = True

    def _goes_on(self, run: Run, update: bytes) -> bool:
        """Tell whether a run that begins among known units of its client goes on from just these.

        Honest clients send a unit twice, never two under one id. The CRDT would link the new ones to a neighbour that stands somewhere
        else, and read memory that is gone once that is deleted.
        """
        known = self._reached.get(run.client, 0)
        if not run.start < known < run.end:
            return True
        own = self.since(run.client, run.start)
        return all(part.may_be_the_same for part in parts_of(run.client, (run.start, known), own, update))

    def _apply(self, update: bytes, runs: Iterable[Run]) -> None:
        mended = self._pairs.mend(update, self._reached, self._doc.get_update)
        if mended.deletion is not None:
            self._doc.apply_update(mended.deletion)
            self._parted.append(mended.deletion)
            self._instead[update] = mended.deletion, mended.update
        elif mended.update is not update:
            self._instead[update] = (mended.update,)
        self._doc.apply_update(mended.update)
        self._pairs.add(mended.seams)
        for run in runs:
            known = self._reached.get(run.client)
            if known is None:
                self._new_clients.add(run.client)
            if known is None or known < run.end:
                self._reached[run.client] = self._given[run.client] = run.end

    def _check_taken(self, taken: StateVector) -> None:
        """Check that the CRDT has taken in all that it was given: structs that need each other it would keep aside, unchecked, for good."""
        for client, end in self._given.items():
            if taken.get(client, 0) < end:
                raise PoisonedReplica(f"the CRDT keeps aside what came under client {client}")

    @staticmethod
    def _read_back(written: bytes) -> tuple[Run, ...]:
        """Take apart what the CRDT wrote; of an update that cuts a surrogate pair it may write structs of no length, which nobody reads."""
        try:
            return read_structs(written).runs
        except ProtocolError as error:
            raise PoisonedReplica(f"the CRDT wrote what cannot be read: {error}") from error

    def reached(self, client: int) -> int:
        """Return how far what is held of a client goes."""
        return self._reached.get(client, 0)

    def since(self, client: int, clock: int) -> bytes:
        """Return an update with what is held of a client from this clock on. Raises `PoisonedReplica`."""
        reached = decode_state_vector(self.state_vector())
        return self.diff(encode_state_vector({**reached, client: clock}))

    def _take_held(self) -> None:
        while self._held and (ready := self._held.pop_ready(self._reached)):
            update = write_structs(ready, NO_DELETIONS)
            good = [run for run in ready if self._goes_on(run, update)]
            if len(good) < len(ready):  # those that do not are forgotten; the others may have built upon them
                self._has_forgotten = True
                self._held.add(good)
                continue
            with suppress(ValueError):  # they were decoded when they came, and are in the log in any case
                self._apply(update, ready)

    def state_vector(self) -> bytes:
        """Return what this replica has, as an encoded state vector."""
        return guarded("encode its state vector", self._doc.get_state)

    def state(self) -> bytes:
        """Return everything, as one update. Encoded once for all who ask between two changes."""
        if self._state is None:
            self._state = guarded("encode its state", self._doc.get_update)
            self._size = len(self._state)
        return self._state

    def remember(self, state: bytes) -> None:
        """Take a state that was encoded elsewhere for that of this edition."""
        self._state, self._size = state, len(state)

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
