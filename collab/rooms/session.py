"""One client in one room, and what may wait on its way to it."""

from dataclasses import dataclass
from typing import ClassVar, Final, NewType, Protocol

from collab.protocol.dialect import Dialect
from collab.protocol.frames import Frame
from collab.rooms.claims import Author, Origin

SessionId = NewType("SessionId", str)

JsonObject = dict[str, object]

_DRAINED_PART: Final = 4
"""A session has caught up when no more than this part of the limit still waits for it."""


class Wire(Protocol):
    """The way to one client. A closed one swallows what it is given."""

    def write(self, frame: Frame) -> int:
        """Take a frame, at once and in order; return how many bytes the client has not taken yet."""
        ...

    def waiting(self) -> int:
        """Return how many bytes the client has not taken yet."""
        ...


class Writer(Protocol):
    """Whoever hands in edits and wants to know what became of each."""

    @property
    def author(self) -> Author | None:
        """Whom its edits are from; `None` for guests."""
        ...

    @property
    def origin(self) -> Origin:
        """How its edits came to be."""
        ...

    def saved(self) -> None:
        """One edit is committed."""
        ...

    def refused(self) -> bool:
        """One edit was not taken; `False` when the writer cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class Rights:
    """What a session may do, and as whom it appears."""

    may_write: bool = True
    user: JsonObject | None = None
    """What stands as `user` in each of its presence states, whatever it claims; `None` leaves that to the client."""

    user_id: str = ""
    """Who it is; empty for a guest."""

    @property
    def author(self) -> Author | None:
        """As whom it writes; `None` for a guest."""
        if not self.user_id:
            return None
        name = (self.user or {}).get("name")
        return Author(self.user_id, name if isinstance(name, str) else "")


class Session:
    """One client in one room. A session is not a connection: a Hocuspocus socket carries one for each document.

    It is *behind* when more than the limit waits for it: from then on nothing is written to it, until it has taken most of that and gets
    one diff from the state it was sent last.
    """

    origin: ClassVar = Origin.WRITTEN

    __slots__ = (
        "author",
        "behind_since",
        "dialect",
        "has_left",
        "id",
        "outbox_bytes",
        "presence",
        "rights",
        "state_vector",
        "wire",
    )

    def __init__(
        self, session_id: SessionId, dialect: Dialect, wire: Wire, rights: Rights, *, outbox_bytes: int
    ) -> None:
        self.id = session_id
        self.dialect = dialect
        self.wire = wire
        self.rights = rights
        self.author = rights.author
        self.presence: dict[int, None] = {}  # an empty set is four times as large
        """The awareness ids that are its own."""
        self.has_left = False
        """Whether the room has let it go. It is told nothing more, not even what became of its last edits: another session may use its
        wire and its address by then, whose client counts the answers to its own.
        """
        self.behind_since: float | None = None
        self.state_vector = b""
        """Of the state it was sent last; only while it is behind."""
        self.outbox_bytes = outbox_bytes
        """How many bytes may wait for it before it is behind."""

    def tell(self, payload: bytes | None) -> None:
        """Write something meant for this session alone, such as an answer; `None` is what its dialect has no word for."""
        if payload is not None:
            self.write(Frame.binary(payload))

    def write(self, frame: Frame) -> None:
        """Write a frame meant for it, or for others too."""
        if not self.has_left:
            self.wire.write(frame)

    def saved(self) -> None:
        """Tell it that one edit of its is committed."""
        self.tell(self.dialect.sync_status(saved=True))

    def refused(self) -> bool:
        """Tell it that one edit of its was not taken; `False` when its dialect has no word for that."""
        payload = self.dialect.sync_status(saved=False)
        self.tell(payload)
        return payload is not None

    def has_drained(self) -> bool:
        """Tell whether it has taken nearly everything it was sent; what it shares a socket with may never leave that quite empty."""
        return self.wire.waiting() * _DRAINED_PART <= self.outbox_bytes
