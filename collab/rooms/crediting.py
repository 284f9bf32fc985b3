"""What came under a client id from somebody else than its user, and how its user comes to be credited for it.

After a crash, people bring back what they had seen of each other. Nobody is credited for such units; they are *open* as long as no session
of the user whose the id is could have heard of them here: none is here when they come, and the first that enters afterwards closes them.
That one alone may still be credited with them. It wrote them if it had them before it was told anything (the state vector it came with
reaches beyond them), if, asked for them once more, it delivers the same, and if it then writes on behind them under that id: Yjs gives an
id up when it hears of units under it that it has not written.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from collab.protocol.structs import Run
from collab.protocol.updates import StateVector, decode_state_vector, encode_state_vector
from collab.rooms.credit_notes import CreditNote, Standing, Units
from collab.rooms.document import Document
from collab.rooms.overlap import parts_of
from collab.rooms.session import Session

MAX_OPEN: Final = 4_096
"""Open runs that a room remembers; what is beyond stays without credit."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a session is to deliver once more, or has, of one client id."""

    units: Sequence[Units]
    reached: int
    """How far the client came with this id; what it writes itself begins there."""

    has_shown: bool = False
    """Whether these units are those that it delivered, the same as they are here."""


class Crediting:
    """The open units of one room, and whom it has asked for them."""

    __slots__ = ("_asked", "_first", "_here", "_notes", "_open", "_open_runs", "_owner")

    def __init__(self, owner: Callable[[int], str], open_units: Iterable[Units] = ()) -> None:
        """`owner` tells the user whose a client id is, empty for nobody."""
        self._owner = owner
        self._open: dict[int, list[Units]] = {}
        self._open_runs = 0
        for units in open_units:
            self._open.setdefault(units.client, []).append(units)
            self._open_runs += 1
        self._here: Counter[str] = Counter()
        """How many sessions each user has here."""
        self._first: dict[Session, dict[int, list[Units]]] = {}
        """The sessions that came first since these units, until they say what they have."""
        self._asked: dict[Session, dict[int, _Asked]] = {}
        self._notes: list[CreditNote] = []

    def delivered(self, run: Run, known: int) -> None:
        """Take note of a run that came from another than its id's user; as far as it is behind what was known, up to this clock."""
        units = Units(run.client, max(run.start, known), run.end)
        if units.start < units.end and (owner := self._owner(run.client)) and not self._here[owner]:
            self._keep_open(units)

    def _keep_open(self, units: Units) -> None:
        known = self._open.get(units.client, [])
        touched = [each for each in known if each.start <= units.end and units.start <= each.end]
        if not touched and self._open_runs >= MAX_OPEN:
            return
        starts, ends = [each.start for each in touched], [each.end for each in touched]
        whole = Units(units.client, min(units.start, *starts), max(units.end, *ends)) if touched else units
        if whole in touched:
            return
        self._open[units.client] = sorted([*(each for each in known if each not in touched), whole])
        self._open_runs += 1 - len(touched)
        self._notes.append(CreditNote(whole, Standing.OPEN))

    def entered(self, session: Session) -> None:
        """Close what is open of a session's user: from now on all their sessions may have heard of it, but for what this one comes with."""
        if session.author is None:
            return
        user = session.author.user_id
        self._here[user] += 1
        for client in [client for client in self._open if self._owner(client) == user]:
            units = self._open.pop(client)
            self._open_runs -= len(units)
            self._notes += [CreditNote(each, Standing.CLOSED) for each in units]
            if session.rights.may_write:
                self._first.setdefault(session, {})[client] = units

    def left(self, session: Session) -> None:
        """Expect nothing more of a session."""
        if session.author is None:
            return
        user = session.author.user_id
        self._here[user] -= 1
        if not self._here[user]:
            del self._here[user]
        self._first.pop(session, None)
        self._asked.pop(session, None)

    def came_with(self, session: Session, state_vector: bytes) -> None:
        """Take note of the first state vector that a session asks with; ask it for what it came first after, if it had that.

        Raises `ProtocolError` for what is no state vector.
        """
        first = self._first.pop(session, None)
        if first is None:
            return
        came_with = decode_state_vector(state_vector)
        for client, units in first.items():
            reached = came_with.get(client, 0)
            if reached >= units[-1].end:
                self._asked.setdefault(session, {})[client] = _Asked(units, reached)

    @property
    def waits(self) -> bool:
        """Whether anybody may still be credited who is here."""
        return bool(self._asked)

    def asks(self, session: Session) -> bool:
        """Tell whether a session is to deliver something once more."""
        return any(not asked.has_shown for asked in self._asked.get(session, {}).values())

    def question(self, session: Session, state_vector: bytes) -> bytes:
        """Return the state vector to ask a session with: this one, but for what it is to deliver once more."""
        if not self.asks(session):
            return state_vector
        return encode_state_vector(_lowered(decode_state_vector(state_vector), self._asked[session]))

    def answered(self, session: Session, runs: Iterable[Run], update: bytes, document: Document) -> None:
        """Judge what a session delivers, if it was asked. Raises `PoisonedReplica` when the CRDT panics."""
        for run in runs:
            asked = self._asked.get(session, {}).get(run.client)
            if asked is not None and not asked.has_shown and run.start <= asked.units[0].start:
                own = document.since(run.client, asked.units[0].start)
                self._go_on(session, run.client, _same(asked.units, own, update))

    def give_up(self, session: Session) -> None:
        """Credit a session with nothing that it was asked for."""
        self._asked.pop(session, None)

    def _go_on(self, session: Session, client: int, same: Sequence[Units]) -> None:
        if same:
            self._asked[session][client] = replace(self._asked[session][client], units=same, has_shown=True)
        else:
            self._drop(session, client)

    def _drop(self, session: Session, client: int) -> None:
        del self._asked[session][client]
        if not self._asked[session]:
            del self._asked[session]

    def wrote(self, session: Session, run: Run, known: int) -> None:
        """Credit a session that writes on behind what it came with and has delivered once more; `known` is as in `delivered`."""
        asked = self._asked.get(session, {}).get(run.client)
        if asked is not None and asked.has_shown and asked.reached <= max(run.start, known) < run.end:
            self._notes += [CreditNote(each, Standing.CREDITED, session.author) for each in asked.units]
            self._drop(session, run.client)

    def notes(self) -> tuple[CreditNote, ...]:
        """Return what has changed since the last call."""
        if not self._notes:
            return ()
        notes, self._notes = self._notes, []
        return tuple(notes)


def _lowered(state_vector: StateVector, asked: dict[int, _Asked]) -> StateVector:
    wanted = {client: each.units[0].start for client, each in asked.items() if not each.has_shown}
    return {client: min(clock, wanted.get(client, clock)) for client, clock in state_vector.items()}


def _same(units: Sequence[Units], own: bytes, other: bytes) -> list[Units]:
    """Return those parts of the units, all of one client, that both updates hold as the same content in the same place."""
    client, start, end = units[0].client, units[0].start, units[-1].end
    starts = [each.start for each in units]
    return [
        Units(client, part.start, part.end)
        for part in parts_of(client, (start, end), own, other, cuts=(bound for each in units for bound in each[1:]))
        if part.start < units[bisect_right(starts, part.start) - 1].end and part.is_same_content
    ]
