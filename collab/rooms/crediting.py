"""What came under a client id from somebody else than its user, and how its user comes to be credited for it.

After a crash, people bring back what they had seen of each other. Nobody is credited for such units; they stay *open* until a client comes
that announces their id as its own. It wrote them if it had them before it was told anything (the state vector it came with reaches beyond
them) and if, asked for them once more, it delivers the same. Who comes without them has not written them, nor has who is here while
somebody else delivers them: those stay without credit for good.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from collab.protocol.structs import Run
from collab.protocol.updates import StateVector, decode_state_vector, encode_state_vector
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.document import Document
from collab.rooms.overlap import parts_of
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
            same = _same(units, document.since(units[0].client, units[0].start), update) if units else []
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


def _same(units: Sequence[Units], own: bytes, other: bytes) -> list[Units]:
    """Return those parts of the units, all of one client, that both updates hold as the same content in the same place."""
    client, start, end = units[0].client, units[0].start, units[-1].end
    starts = [each.start for each in units]
    return [
        Units(client, part.start, part.end)
        for part in parts_of(client, (start, end), own, other, cuts=(bound for each in units for bound in each[1:]))
        if part.start < units[bisect_right(starts, part.start) - 1].end and part.is_same_content
    ]
