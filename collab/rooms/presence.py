"""Who is here: the newest awareness state of each Yjs client, and whose it is.

Source: https://github.com/yjs/y-protocols (PROTOCOL.md, awareness.js). A state is newer when its clock is, or when it is the end of one
with the same clock. Clients repeat what they hear of others, so most of what arrives is old; it is passed over.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from collab.errors import LimitExceeded, ProtocolError
from collab.protocol.awareness import MAX_SAFE_INTEGER, encode_awareness
from collab.protocol.limits import DEFAULTS, Limits
from collab.protocol.messages import GONE, AwarenessEntry
from collab.rooms.session import JsonObject, Session

MAX_REMEMBERED_DEPARTURES: Final = 1_024
"""Clients repeat a state for as long as it is under way to them, so this need not reach back far."""


class Presence:
    """The awareness of one room."""

    __slots__ = ("_changed", "_departed", "_encoded", "_entries", "_limits", "_owners")

    def __init__(self, limits: Limits = DEFAULTS) -> None:
        self._limits = limits
        self._entries: dict[int, AwarenessEntry] = {}
        self._owners: dict[int, Session] = {}
        self._departed: dict[int, int] = {}
        """The last clock of ids that have gone, the latest at the end."""
        self._changed: dict[int, AwarenessEntry] = {}
        self._encoded: bytes | None = None

    def announce(self, session: Session, entries: Iterable[AwarenessEntry]) -> None:
        """Take in what a session says of itself; what it repeats of others changes nothing.

        Raises `ProtocolError` when a state is no JSON object, `LimitExceeded` when it is too large or too deep, or the session has too many
        ids; the entries before it have been taken in then.
        """
        for entry in entries:
            if self._is_news(session, entry):
                self._take(session, entry)

    def _is_news(self, session: Session, entry: AwarenessEntry) -> bool:
        owner = self._owners.get(entry.client_id)
        if owner is None:
            return entry.state != GONE and self._may_arrive(session, entry)
        clock = self._entries[entry.client_id].clock
        if entry.clock < clock or (entry.clock == clock and entry.state != GONE):
            return False
        # The same person may come back on a new connection before the old one is found dead; nobody else may speak for an id.
        return owner is session or (entry.state != GONE and owner.rights.user_id == session.rights.user_id)

    def _may_arrive(self, session: Session, entry: AwarenessEntry) -> bool:
        """Tell a client that comes (back) from the echo of one that left.

        One that lost its connection comes back with the clock it had, and speaks of itself first; an echo has that clock too, but comes
        from somebody who is here already.
        """
        departed_at = self._departed.get(entry.client_id)
        if departed_at is None or entry.clock > departed_at:
            return True
        return entry.clock == departed_at and not session.presence

    def _take(self, session: Session, entry: AwarenessEntry) -> None:
        if entry.state == GONE:
            self._forget(entry)
            return
        entry = replace(entry, state=self._checked_state(entry.state, session.rights.user))
        owner = self._owners.get(entry.client_id)
        if owner is not session:
            if len(session.presence) >= self._limits.awareness_ids:
                raise LimitExceeded(f"a session announced more than {self._limits.awareness_ids} awareness ids")
            if owner is not None:
                owner.presence.pop(entry.client_id, None)
            self._owners[entry.client_id] = session
            session.presence[entry.client_id] = None
            entry = self._returned(entry)
        self._entries[entry.client_id] = entry
        self._note(entry)

    def _returned(self, entry: AwarenessEntry) -> AwarenessEntry:
        """Make the state of a client that has come back news to those who were told of its departure under the same clock.

        They would pass it over until it counts on by itself, up to 15 s later. The client takes the higher clock from its own echo.
        """
        departed_at = self._departed.pop(entry.client_id, None)
        if departed_at == entry.clock < MAX_SAFE_INTEGER:
            return replace(entry, clock=entry.clock + 1)
        return entry

    def leave(self, session: Session) -> None:
        """Remove everything a session said of itself.

        The clock stays as it is, for a client that comes back goes on counting from there.
        """
        for client_id in tuple(session.presence):
            self._forget(replace(self._entries[client_id], state=GONE))

    def _forget(self, gone: AwarenessEntry) -> None:
        client_id = gone.client_id
        self._owners.pop(client_id).presence.pop(client_id, None)
        del self._entries[client_id]
        self._departed.pop(client_id, None)
        self._departed[client_id] = gone.clock
        if len(self._departed) > MAX_REMEMBERED_DEPARTURES:
            del self._departed[next(iter(self._departed))]
        self._note(gone)

    def _note(self, entry: AwarenessEntry) -> None:
        self._changed[entry.client_id] = entry
        self._encoded = None

    @property
    def has_changes(self) -> bool:
        """Whether `changes` would return any."""
        return bool(self._changed)

    def changes(self) -> bytes | None:
        """Return what changed since the last call, with only the newest state of each client, or `None`."""
        if not self._changed:
            return None
        changed, self._changed = self._changed, {}
        return encode_awareness(changed.values())

    def everybody(self) -> bytes | None:
        """Return all states, or `None` when nobody is here. Encoded once for all who ask between two changes."""
        if not self._entries:
            return None
        if self._encoded is None:
            self._encoded = encode_awareness(self._entries.values())
        return self._encoded

    def everything(self) -> bytes:
        """Return all states and all departures remembered, for somebody who missed some of them."""
        departed = (AwarenessEntry(client_id, clock, GONE) for client_id, clock in self._departed.items())
        return encode_awareness([*departed, *self._entries.values()])

    def _checked_state(self, state: str, user: JsonObject | None) -> str:
        """Return a state as it is passed on. Raises what `announce` does."""
        limits = self._limits
        size = len(state) if state.isascii() else len(state.encode())
        if size > limits.awareness_bytes:
            raise LimitExceeded(f"an awareness state of {size} bytes came; {limits.awareness_bytes} are allowed")
        try:
            value = json.loads(state, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise ProtocolError("an awareness state came that is not JSON") from None
        if not isinstance(value, dict):
            raise ProtocolError("an awareness state came that is no JSON object")
        if state.count("{") + state.count("[") > limits.awareness_nesting < _nesting_of(value):
            raise LimitExceeded(f"an awareness state came that nests more than {limits.awareness_nesting} deep")
        if user is None:
            return state
        try:
            return json.dumps({**value, "user": user}, allow_nan=False, separators=(",", ":"))
        except (ValueError, RecursionError):  # 1e999 is read as infinity, for which JSON has no word
            raise ProtocolError("an awareness state came that cannot be written again as JSON") from None


def _nesting_of(value: object) -> int:
    """Return how many arrays and objects stand within each other, at the deepest."""
    deepest, found = 0, [(value, 1)]
    while found:
        outer, depth = found.pop()
        if isinstance(outer, dict | list):
            deepest = max(deepest, depth)
            found += [(inner, depth + 1) for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return deepest


def _refuse_constant(constant: str) -> None:
    """Refuse `NaN` and its like, which Python reads but the other clients' JSON.parse does not."""
    raise ValueError(constant)
