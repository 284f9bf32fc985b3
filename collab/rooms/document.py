"""A replica of one document, fed with updates. With `collab.rooms.replica` the only place of the live server that touches the CRDT."""

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, cast
from weakref import finalize

from pycrdt import Doc
from pycrdt import get_update as subtract_state

from collab.errors import ContestedUpdate, ProtocolError, UpdateError
from collab.protocol.keystroke import read_keystroke
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import EMPTY_STATE_VECTOR, EMPTY_UPDATE
from collab.protocol.structs import NO_DELETIONS, Run, WalkedUpdate, read_structs, write_structs
from collab.protocol.updates import Budget, StateVector, decode_state_vector
from collab.rooms.applied import Applied
from collab.rooms.held import HeldRuns, is_waiting
from collab.rooms.integration import Clock, give, stopped
from collab.rooms.log_rows import join_rows
from collab.rooms.overlap import parts_of
from collab.rooms.pairs import SurrogatePairs
from collab.rooms.poison import PoisonedReplica, first_line, guarded
from collab.rooms.prepared import Prepared
from collab.rooms.replica import Replica, read_back
from collab.rooms.type_count import TypeCount

_NONE: Final[frozenset[int]] = frozenset()


class Document(Replica):
    """One replica, fed with Yjs updates (v1).

    What builds upon an edit still missing is held until that comes: the CRDT would take in what it can of it, and then (yrs 0.28) write
    a state that nobody reads again, once the missing edits overlap with what it has.

    Every method raises `PoisonedReplica` when the CRDT panics.
    """

    __slots__ = (
        "__weakref__",
        "_changes",
        "_clock",
        "_given",
        "_has_forgotten",
        "_held",
        "_instead",
        "_limits_then",
        "_new_clients",
        "_parted",
        "_runs",
        "_types",
    )

    def __init__(
        self,
        updates: Iterable[bytes] = (),
        *,
        snapshot: bytes | None = None,
        limits: Limits = DEFAULTS,
        is_loaded: bool = True,
        clock: Clock = stopped,
    ) -> None:
        """Build a replica from what is stored: a snapshot, which is what `state` returned once, and updates, in their order.

        The limits are for what comes then, and the clock, of processor time, says what that takes. One that is not loaded yet is good for
        `load` alone. Raises `UpdateError` when one of the stored is not an update.
        """
        stored = list(updates)
        super().__init__(len(snapshot or b"") + sum(map(len, stored)))
        self._changes: list[bytes] = []
        self._runs: list[tuple[Run, ...]] = []
        """Of each of the updates of the transaction that is under way."""
        self._parted: list[bytes] = []
        """Deletions of what they would have parted."""
        self._instead: dict[bytes, tuple[bytes, ...]] = {}
        """What the CRDT was given in place of those of them that part a pair."""
        self._has_forgotten = False
        """Whether something held turned out to be malformed."""
        self._given: dict[int, int] = {}
        """How far the transaction that is under way takes each client that it brings something new of."""
        self._new_clients: set[int] = set()
        """Those that it brings the first of."""
        self._limits_then = limits
        self._clock = clock
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
        if snapshot is not None and not stored:
            self._state, self._size = snapshot, len(snapshot)
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
        self._doc = Doc()
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
        if len(updates) == 1 and (run := self._keystroke(updates[0])) is not None:
            return self._apply_keystroke(updates[0], run)
        return self._outcome(updates, self._transact(updates, trusted))

    def _keystroke(self, update: bytes) -> Run | None:
        """Return what an update holds that is a keystroke and needs no care; `None` for any other."""
        if self._held or not self._pairs.are_none:
            return None
        run, reached = read_keystroke(update), self._reached
        if run is None or reached.get(run.client) != run.start:
            return None
        for client, clock in run.needs:
            if clock >= reached.get(client, 0):
                return None
        return run

    def _apply_keystroke(self, update: bytes, run: Run) -> Applied:
        guarded("apply an update", partial(self._doc.apply_update, update))
        self._reached[run.client] = run.end
        runs = (run,)
        if self._changes == [update]:
            self._changed(len(update))
            self._changes.clear()
            return Applied((), update, (update,), (0,), (runs,), runs, _NONE, {})
        self._prepare()  # it went into something that was deleted, perhaps
        self._runs.append(runs)
        self._given[run.client] = run.end
        return self._outcome((update,), {})

    def _outcome(self, updates: Sequence[bytes], refused: dict[int, UpdateError]) -> Applied:
        """Tell what came of the transaction that was just ended."""
        broadcast = None
        if self._changes:
            self._changed(len(self._changes[0]))
            broadcast = self._changes[0] if self._changes[0] != EMPTY_UPDATE else None
            self._changes.clear()
        runs, self._runs = tuple(self._runs), []
        if broadcast is None:
            new_runs: tuple[Run, ...] = ()
        elif broadcast == updates[0]:  # a keystroke by itself comes out as it went in
            new_runs = runs[0]
        else:
            new_runs = read_back(broadcast)
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
        self._prepare()

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

    def _prepare(self) -> None:
        """Forget the transaction before."""
        self._runs, self._parted = [], []
        self._instead.clear()
        self._given.clear()
        self._new_clients.clear()

    def _take(self, update: bytes, limits: Limits | None) -> tuple[Run, ...]:
        """Give the CRDT what does not build upon something missing, and hold the rest; return what it holds."""
        if limits is not None and (run := self._keystroke(update)) is not None:
            self._doc.apply_update(update)
            self._reached[run.client] = self._given[run.client] = run.end
            return (run,)
        is_walked = isinstance(update, WalkedUpdate) and (limits is None or update.limits == limits)
        structs = cast(WalkedUpdate, update).structs if is_walked else read_structs(update, limits)
        if limits is not None:
            self._count_clients(structs.runs, limits.update_clients)
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

    def _count_clients(self, runs: Sequence[Run], limit: int) -> None:
        if len(runs) > limit:
            news = {run.client for run in runs if run.end > self.reached(run.client)}
            Budget("clients with something new", limit).spend(len(news))

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

    def _apply(self, update: bytes, runs: Sequence[Run]) -> None:
        if self._limits is not None and any(run.start < self._given.get(run.client, 0) for run in runs):
            # What the CRDT keeps aside others must not bring about under the same clocks: in another order the log would not load.
            self._check_taken(decode_state_vector(self.state_vector()))
        mended = self._pairs.mend(update, self._reached, self._doc.get_update)
        if mended.deletion is not None:
            self._doc.apply_update(mended.deletion)
            self._parted.append(mended.deletion)
            self._instead[update] = mended.deletion, mended.update
        elif mended.update is not update:
            self._instead[update] = (mended.update,)
        give(self._doc, mended.update, runs, None if self._limits is None else self._clock)
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
