"""Whose the Yjs client ids are: claimed by whoever writes under one first, at first hand.

A client announces the id it writes under as its awareness id, so an id belongs to the user who announced it first in this room, once that
user writes under it. One that nobody has announced belongs to whoever uses it first: where the document has never seen it, and the edit is
that id's alone, for what brings back the edits of others (after a crash, from a local store) holds many. An id that comes in any other way
stays unclaimed. Claims are only proposed here: the one that is committed first stands for good.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from collab.errors import ProtocolError
from collab.protocol.awareness import MAX_SAFE_INTEGER
from collab.protocol.structs import read_structs

MAX_ANNOUNCED: Final = 4_096
"""Announced ids that a room remembers; each is needed until its first edit, and again after a restart."""


class Author(NamedTuple):
    """A verified user who writes."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Claim:
    """That a Yjs client id is a user's own."""

    client_id: int
    author: Author


class Claimant(Protocol):
    """Whoever delivers an edit."""

    @property
    def author(self) -> Author | None:
        """Whom its edits are from; `None` for guests."""
        ...


class Claims:
    """The claims of one room. An id is looked at until it is claimed or used by its announcer, and again when somebody announces it."""

    __slots__ = ("_announced", "_made", "_users")

    def __init__(self, owners: Mapping[int, str] = MappingProxyType({})) -> None:
        """`owners` are the users whose claims are committed, by client id."""
        self._announced: dict[int, str] = {}
        """The user who announced an id first, empty for a guest; the latest ids at the end."""
        self._users: dict[int, str | None] = {**owners}
        """Who uses an id at first hand, empty for a guest; `None` for one that was looked at and is nobody's yet."""
        self._made: list[Claim] = []

    def announced(self, client_ids: Iterable[int], user_id: str) -> None:
        """Take note that a user, or a guest (empty), has announced these ids; look at them when somebody writes under them."""
        for client in client_ids:
            self._announced.setdefault(client, user_id)
            if self._users.get(client) is None:
                self._users.pop(client, None)
        while len(self._announced) > MAX_ANNOUNCED:
            del self._announced[next(iter(self._announced))]

    def settles(self, clients: frozenset[int]) -> bool:
        """Tell whether all of these ids have been looked at."""
        return all(client in self._users for client in clients)

    def is_own(self, client: int, author: Author | None) -> bool:
        """Tell whether a user, or a guest, uses this id at first hand."""
        return self._users.get(client) == ("" if author is None else author.user_id)

    def claim(self, client: int, author: Author) -> None:
        """Give an id that is nobody's to a user who has shown that it is theirs."""
        if self._users.get(client) is None and client <= MAX_SAFE_INTEGER:
            self._users[client] = author.user_id
            self._made.append(Claim(client, author))

    def make(self, edits: Sequence[tuple[Claimant, bytes]], new_clients: Collection[int]) -> None:
        """Look at the ids that these edits are under, the first who may claiming each."""
        for claimant, update in edits:
            author = claimant.author
            user_id = "" if author is None else author.user_id
            clients = _clients_of(update)
            for client in clients - self._users.keys():
                owner = self._announced.get(client)
                if owner is not None and owner != user_id:
                    continue  # whoever announced it has not written under it yet
                is_own = owner is not None or (len(clients) == 1 and client in new_clients)
                self._users[client] = user_id if is_own else None
                if is_own and author is not None and client <= MAX_SAFE_INTEGER:
                    self._made.append(Claim(client, author))

    def made(self) -> tuple[Claim, ...]:
        """Return the claims made since the last call."""
        if not self._made:
            return ()
        made, self._made = self._made, []
        return tuple(made)


def _clients_of(update: bytes) -> set[int]:
    try:
        return {run.client for run in read_structs(update).runs}
    except ProtocolError:
        return set()
