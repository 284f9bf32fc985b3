"""Who hears what is said in a room, and who hears nothing for a while because too much waits for them already."""

from collections.abc import Callable
from typing import Final

from collab.errors import LimitExceeded
from collab.protocol.dialect import Dialect
from collab.protocol.frames import Frame
from collab.rooms.session import Session

SILENCE_WHILE_OWING: Final = 4.0
"""Seconds after which a silence is broken while answers are owed: our editor takes ten without a word then for a lost connection."""

MAX_QUESTIONS_BEHIND: Final = 8
"""State vectors that are kept for a session that does not read; a client asks when it connects, and seldom again."""


class _Speakers:
    """The sessions that speak one dialect: they receive the same bytes."""

    __slots__ = ("dialect", "heard_at", "sessions")

    def __init__(self, dialect: Dialect, now: float) -> None:
        self.dialect = dialect
        self.sessions: dict[Session, None] = {}
        self.heard_at = now
        """When all of them were told something last."""


class Audience:
    """The sessions of one room. One that falls behind is written nothing more until it has drained."""

    __slots__ = ("_behind", "_by_dialect", "_keep_alive_interval", "_size", "_state_vector", "_stuck_timeout")

    def __init__(self, state_vector: Callable[[], bytes], *, keep_alive_interval: float, stuck_timeout: float) -> None:
        """`state_vector` tells what a session that falls behind now has been sent; the times are in seconds."""
        self._state_vector = state_vector
        self._keep_alive_interval = keep_alive_interval
        self._stuck_timeout = stuck_timeout
        self._by_dialect: dict[Dialect, _Speakers] = {}
        self._size = 0
        self._behind: dict[Session, list[bytes]] = {}
        """With the state vectors that they asked with meanwhile."""

    @property
    def sessions(self) -> list[Session]:
        """Return the sessions of all dialects."""
        return [session for speakers in self._by_dialect.values() for session in speakers.sessions]

    def __len__(self) -> int:
        return self._size

    def __contains__(self, session: Session) -> bool:
        speakers = self._by_dialect.get(session.dialect)
        return speakers is not None and session in speakers.sessions

    def join(self, session: Session, now: float) -> None:
        """Let a session in."""
        self._by_dialect.setdefault(session.dialect, _Speakers(session.dialect, now)).sessions[session] = None
        self._size += 1

    def leave(self, session: Session) -> None:
        """Let a session go that is here."""
        speakers = self._by_dialect[session.dialect]
        del speakers.sessions[session]
        self._size -= 1
        if not speakers.sessions:
            del self._by_dialect[session.dialect]
        self._behind.pop(session, None)

    # Telling

    def broadcast(
        self, encode: Callable[[Dialect], bytes | None], now: float, apart_from: Session | None = None
    ) -> None:
        """Tell everybody who keeps up, in the words of each dialect that has any."""
        for speakers in self._by_dialect.values():
            payload = encode(speakers.dialect)
            if payload is None:
                continue
            frame = Frame.binary(payload)
            if apart_from is None:  # else somebody hears nothing, and needs the sign of life
                speakers.heard_at = now
            for session in speakers.sessions:
                if session.behind_since is None and session is not apart_from:
                    waiting = session.wire.write(frame)
                    if waiting > session.outbox_bytes:
                        self._fall_behind(session, now)

    def keeps_up(self, session: Session, now: float) -> bool:
        """Tell whether a session may be written to; one with too much on its way to it falls behind here."""
        if session.behind_since is None and session.wire.waiting() > session.outbox_bytes:
            self._fall_behind(session, now)
        return session.behind_since is None

    def _fall_behind(self, session: Session, now: float) -> None:
        session.behind_since, session.state_vector = now, self._state_vector()
        self._behind[session] = []

    def keep_alive(self, now: float, *, owing: bool) -> None:
        """Break a silence that has lasted too long, sooner where answers are owed."""
        longest = min(self._keep_alive_interval, SILENCE_WHILE_OWING) if owing else self._keep_alive_interval
        for speakers in self._by_dialect.values():
            if now - speakers.heard_at >= longest:
                speakers.heard_at = now
                frame = Frame.binary(speakers.dialect.keep_alive())
                for session in speakers.sessions:
                    if session.behind_since is None:
                        session.wire.write(frame)

    # Those behind

    def ask_later(self, session: Session, state_vector: bytes) -> None:
        """Keep a question of one that is behind. Raises `LimitExceeded` when it asks without end."""
        if len(self._behind[session]) >= MAX_QUESTIONS_BEHIND:
            raise LimitExceeded(f"more than {MAX_QUESTIONS_BEHIND} state vectors came from a client that does not read")
        self._behind[session].append(state_vector)

    def drained(self) -> list[Session]:
        """Return who was behind and has taken nearly everything it was sent."""
        return [session for session in self._behind if session.has_drained()]

    def stuck(self, now: float) -> list[Session]:
        """Return who has been behind for too long."""
        return [
            session
            for session in self._behind
            if session.behind_since is not None and now - session.behind_since >= self._stuck_timeout
        ]

    def catch_up(self, session: Session) -> list[bytes]:
        """Take note that a session has been told what it missed; return the state vectors that it asked with meanwhile."""
        session.behind_since, session.state_vector = None, b""
        return self._behind.pop(session)
