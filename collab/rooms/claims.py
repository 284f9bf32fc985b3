"""Whose the Yjs client ids are: claimed by whoever writes under one first, at first hand.

A client announces the id it writes under as its awareness id, so an id belongs to the user who announced it first in this room, once that
user writes under it. One that nobody has announced belongs to whoever uses it first: where the document has never seen it, and the edit is
that id's alone, for what brings back the edits of others (after a crash, from a local store) holds many. An id that comes in any other way
stays unclaimed. Claims are only proposed here: the one that is committed first stands for good.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from collab.protocol.awareness import MAX_SAFE_INTEGER

MAX_ANNOUNCED: Final = 64
"""Announced ids that a room remembers of each user, the latest; each is needed until its first edit, and again after a restart."""

MAX_ANNOUNCERS: Final = 4_096
"""Users whose announcements a room remembers, the first of them; what others announce counts for nothing."""


class Author(NamedTuple):
    """A verified user who writes."""

    user_id: str
    name: str


NOBODY: Final = Author("", "")
"""Whose the ids are that copies of what others wrote stand under, for good: whoever writes under one later gains nothing by it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That a Yjs client id is a user's own."""

    client_id: int
    author: Author


class Origin(Enum):
    """How an edit came to be."""

    WRITTEN = auto()
    """Somebody wrote it, whom limits hold for."""

    MADE = auto()
    """The server made it itself; the limits of strangers do not hold for it."""

    COPIED = auto()
    """The server made it of what others wrote, so that nobody is credited with it; else as `MADE`."""


class Claimant(Protocol):
    """Whoever delivers an edit."""

    @property
    def author(self) -> Author | None:
        """Whom its edits are from; `None` for guests."""
        ...

    @property
    def origin(self) -> Origin:
        """How its edits came to be."""
        ...


class Claims:
    """The claims of one room. An id is looked at until it is claimed or used by its announcer, and again when somebody announces it."""

    __slots__ = ("_announced", "_announced_by", "_made", "_users")

    def __init__(self, owners: Mapping[int, str] = MappingProxyType({})) -> None:
        """`owners` are the users whose claims are committed, by client id."""
        self._announced: dict[int, str] = {}
        """The user who announced an id first, empty for a guest, until somebody uses it at first hand."""
        self._announced_by: dict[str, dict[int, None]] = {}
        """The same by user; the latest ids at the end."""
        self._users: dict[int, str | None] = {**owners}
        """Who uses an id at first hand, empty for a guest; `None` for one that was looked at and is nobody's yet."""
        self._made: list[Claim] = []

    def announced(self, client_ids: Iterable[int], user_id: str) -> None:
        """Take note that a user, or a guest (empty), has announced these ids; look at them when somebody writes under them."""
        for client in client_ids:
            if self._users.get(client) is None:
                self._users.pop(client, None)
                if client not in self._announced:
                    self._remember(client, user_id)

    def _remember(self, client: int, user_id: str) -> None:
        """Keep an announcement in the place of the same user's earliest one, never of anybody else's."""
        own = self._announced_by.get(user_id)
        if own is None:
            if len(self._announced_by) >= MAX_ANNOUNCERS:
                return
            own = self._announced_by[user_id] = {}
        elif len(own) >= MAX_ANNOUNCED:
            earliest = next(iter(own))
            del own[earliest], self._announced[earliest]
        own[client] = None
        self._announced[client] = user_id

    def _forget(self, client: int) -> None:
        """Drop an announcement that has served."""
        user_id = self._announced.pop(client, None)
        if user_id is not None:
            own = self._announced_by[user_id]
            del own[client]
            if not own:
                del self._announced_by[user_id]

    def settles(self, clients: frozenset[int]) -> bool:
        """Tell whether all of these ids have been looked at."""
        return clients <= self._users.keys()

    def owner(self, client: int) -> str:
        """Return the user whose an id is; empty for a guest's, and for one that is nobody's yet."""
        return self._users.get(client) or ""

    def is_own(self, client: int, author: Author | None) -> bool:
        """Tell whether a user, or a guest, uses this id at first hand."""
        return self._users.get(client) == ("" if author is None else author.user_id)

    def make(self, edits: Iterable[tuple[Claimant, set[int]]], new_clients: Collection[int]) -> None:
        """Look at the ids that each of these edits is under, the first who may claiming each."""
        for claimant, clients in edits:
            author = claimant.author
            user_id = "" if author is None else author.user_id
            for client in clients - self._users.keys():
                if claimant.origin is Origin.COPIED:
                    self._users[client] = NOBODY.user_id
                    self._made.append(Claim(client, NOBODY))
                    continue
                owner = self._announced.get(client)
                if owner is not None and owner != user_id:
                    continue  # whoever announced it has not written under it yet
                is_own = owner is not None or (len(clients) == 1 and client in new_clients)
                self._users[client] = user_id if is_own else None
                if is_own:
                    self._forget(client)
                if is_own and author is not None and client <= MAX_SAFE_INTEGER:
                    self._made.append(Claim(client, author))

    def made(self) -> tuple[Claim, ...]:
        """Return the claims made since the last call."""
        if not self._made:
            return ()
        made, self._made = self._made, []
        return tuple(made)
