"""What came under a client id from somebody else than its user, and how its user comes to be credited for it.

After a crash, people bring back what they had seen of each other. Nobody is credited for such units; they stay *open* until a client comes
that announces their id as its own. It wrote them if it had them before it was told anything (the state vector it came with reaches beyond
them) and if, asked for them once more, it delivers the same. Who comes without them has not written them, nor has who is here while
somebody else delivers them: those stay without credit for good.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.items import EncodedItem, Id, Struct, items_of, part_of
from collab.protocol.structs import Run
from collab.protocol.updates import StateVector, decode_state_vector, encode_state_vector
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.document import Document
from collab.rooms.session import Session

MAX_OPEN: Final = 4_096
"""Open runs that a room remembers; what is beyond stays without credit."""


class Crediting:
    """The open units of one room, and whom it has asked for them."""

    __slots__ = ("_asked", "_due", "_notes", "_open")

    def __init__(self, open_units: Iterable[Units] = ()) -> None:
        self._open: dict[int, list[Units]] = {}
        for units in open_units:
            self._open.setdefault(units.client, []).append(units)
        self._asked: dict[Session, dict[int, list[Units]]] = {}
        self._due: dict[Session, None] = {}
        """Those among them who are still to be asked."""
        self._notes: list[CreditNote] = []

    def delivered(self, run: Run, new_runs: Iterable[Run]) -> None:
        """Take note of a run that came from another than its id's user, who is not here; as far as it is new."""
        for new in new_runs:
            units = Units(run.client, max(run.start, new.start), min(run.end, new.end))
            if new.client == run.client and units.start < units.end:
                self._keep_open(units)

    def _keep_open(self, units: Units) -> None:
        known = self._open.setdefault(units.client, [])
        if known and known[-1].end == units.start:
            units = units._replace(start=known.pop().start)
        elif sum(map(len, self._open.values())) >= MAX_OPEN:
            return
        known.append(units)
        self._notes.append(CreditNote(units, Standing.OPEN))

    def announced(self, session: Session) -> None:
        """Close the open units of the ids that a verified session announces if its client came without them, and ask for the others."""
        for client in session.presence & self._open.keys():
            if client not in self._asked.get(session, {}):
                self._look_at(session, client)

    def _look_at(self, session: Session, client: int) -> None:
        reached = _reached(session.came_with, client)
        had: list[Units] = []
        for units in self._open.pop(client):
            if reached < units.end:
                self._notes.append(CreditNote(units, Standing.CLOSED))
                units = units._replace(end=max(units.start, reached))
                if units.start < units.end:
                    self._notes.append(CreditNote(units, Standing.OPEN))
            if units.start < units.end:
                had.append(units)
        if had:
            self._open[client] = had
            if session.rights.may_write:
                self._asked.setdefault(session, {})[client] = had
                self._due[session] = None

    @property
    def waits(self) -> bool:
        """Whether anybody was asked and has not answered."""
        return bool(self._asked)

    def due(self) -> tuple[Session, ...]:
        """Return who is to be asked since the last call, but for those asked already."""
        if not self._due:
            return ()
        due, self._due = self._due, {}
        return tuple(due)

    def question(self, session: Session, state_vector: bytes) -> bytes:
        """Return the state vector to ask a session with: this one, but for what it is to deliver once more."""
        self._due.pop(session, None)
        asked = self._asked.get(session)
        if asked is None:
            return state_vector
        return encode_state_vector(_lowered(decode_state_vector(state_vector), asked))

    def forget(self, session: Session) -> None:
        """Ask a session no more; what it was asked for stays open."""
        self._asked.pop(session, None)
        self._due.pop(session, None)

    def answered(self, session: Session, runs: Iterable[Run], update: bytes, document: Document) -> list[int]:
        """Judge what a session delivers, if it was asked; return the ids under which it is credited for something.

        Raises `PoisonedReplica` when the CRDT panics.
        """
        asked = self._asked.get(session, {})
        credited = []
        for client in {run.client for run in runs if run.client in asked and run.start <= asked[run.client][0].start}:
            del asked[client]
            units = self._open.pop(client, [])
            self._notes += [CreditNote(each, Standing.CLOSED) for each in units]
            same = _same(units, _known(document, units), update)
            self._notes += [CreditNote(each, Standing.CREDITED, session.author) for each in same]
            if same:
                credited.append(client)
        if session in self._asked and not asked:
            del self._asked[session]
        return credited

    def notes(self) -> tuple[CreditNote, ...]:
        """Return what has changed since the last call."""
        if not self._notes:
            return ()
        notes, self._notes = self._notes, []
        return tuple(notes)


def _reached(came_with: bytes | None, client: int) -> int:
    return 0 if came_with is None else decode_state_vector(came_with).get(client, 0)


def _lowered(state_vector: StateVector, asked: dict[int, list[Units]]) -> StateVector:
    return {
        client: min([clock, *(units.start for units in asked.get(client, ()))])
        for client, clock in state_vector.items()
    }


def _known(document: Document, units: Sequence[Units]) -> bytes:
    """Return what the document holds under the client id of these units, from the first of them on."""
    start = min((each.start for each in units), default=0)
    rest = {each.client: start for each in units}
    return document.diff(encode_state_vector({**decode_state_vector(document.state_vector()), **rest}))


def _same(units: Sequence[Units], own: bytes, other: bytes) -> list[Units]:
    """Return those parts of the units, all of one client, that both updates hold as the same content in the same place."""
    if not units:
        return []
    try:
        ours, theirs = items_of(own, units[0].client), items_of(other, units[0].client)
    except ProtocolError:  # it has gaps, as no answer to the question has
        return []
    clocks = {bound for struct in (*ours, *theirs) for bound in (struct.id.clock, _end(struct))}
    bounds = sorted(clocks.union(*((each.start, each.end) for each in units)))
    parts = [Units(units[0].client, start, end) for start, end in pairwise(bounds)]
    return [
        part
        for part in parts
        if _holds(units, part.start) and _is_same(_at(ours, part.start), _at(theirs, part.start), part)
    ]


def _holds(units: Sequence[Units], clock: int) -> bool:
    index = bisect_right(units, clock, key=lambda each: each.start) - 1
    return index >= 0 and clock < units[index].end


def _at(structs: Sequence[Struct], clock: int) -> Struct | None:
    index = bisect_right(structs, clock, key=_start) - 1
    return structs[index] if index >= 0 and clock < _end(structs[index]) else None


def _start(struct: Struct) -> int:
    return struct.id.clock


def _end(struct: Struct) -> int:
    return struct.id.clock + struct.length


def _is_same(ours: Struct | None, theirs: Struct | None, part: Units) -> bool:
    if not isinstance(ours, EncodedItem) or not isinstance(theirs, EncodedItem) or ours.kind != theirs.kind:
        return False
    return _content(ours, part) == _content(theirs, part) and _place(ours, part.start) == _place(theirs, part.start)


def _content(item: EncodedItem, part: Units) -> bytes:
    return part_of(item.kind, item.content, part.start - item.id.clock, part.end - item.id.clock)


def _place(item: EncodedItem, clock: int) -> tuple[object, ...]:
    if clock > item.id.clock:
        return Id(item.id.client, clock - 1), item.right_origin, None, None
    return item.origin, item.right_origin, item.parent, item.key
