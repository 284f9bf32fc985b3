"""What is stored of a document, folded into one: for a snapshot, for a version, and to say who wrote what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from collab.errors import ProtocolError
from collab.protocol.updates import decode_state_vector
from collab.rooms.authorship import Authorship, participants
from collab.rooms.compaction import compact, weight
from collab.rooms.document import Document


class LogRow(NamedTuple):
    """An update of a log."""

    update: bytes
    author: int | None
    """Who delivered it, as a number."""

    at: int
    """When, in seconds of Unix time."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a document: a snapshot with its authorship, and the log's rows since."""

    snapshot: bytes | None
    authorship: bytes | None
    """As `Authorship.encode` wrote it."""

    rows: tuple[LogRow, ...]
    damage: str | None = None
    """Why the record of who wrote the snapshot cannot be read; `None` where it can, or there is none."""

    @property
    def updates(self) -> tuple[bytes, ...]:
        """The updates alone."""
        return tuple(row.update for row in self.rows)

    @property
    def weight(self) -> int:
        """About how many bytes there are to work through, with those of the rows themselves."""
        return len(self.snapshot or b"") + weight(sum(len(row.update) for row in self.rows), len(self.rows))


@dataclass(frozen=True, slots=True)
class Folded:
    """What takes the place of what was stored."""

    state: bytes
    authorship: bytes
    waiting: tuple[int, ...]
    """Indexes of rows that must stay; see `Compacted`."""

    damage: str | None
    """As in `ReadAuthorship`, of the snapshot whose place the new one takes."""


def fold(stored: Stored, versions: Sequence[int] | None) -> Folded:
    """Fold all into a snapshot.

    `versions` are the times at which those that are kept were taken, in seconds of Unix time, sorted; `None` where that is not known.
    Raises what `compact` does.
    """
    compacted = compact(stored.snapshot, stored.updates)
    kept = frozenset(compacted.waiting)
    rows = tuple(row for index, row in enumerate(stored.rows) if index not in kept)
    read = authorship_in(replace(stored, rows=rows))
    read.authorship.forget(compacted.deleted, versions)
    return Folded(compacted.state, read.authorship.encode(), compacted.waiting, read.damage)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a version is made of."""

    state: bytes
    participants: list[int | None]
    """Those who took part since the version before, sorted; `None` for somebody unknown."""


def take_version(stored: Stored, before: bytes | None = None, since: int = 0) -> Taken:
    """Fold all into the state of a version; `before` is the state of the one before it, taken at `since`. Raises as `fold` does."""
    state = compact(stored.snapshot, stored.updates).state
    found = participants(authorship_in(stored).authorship, before, state, since=since)
    return Taken(state, sorted_participants(found))


@dataclass(frozen=True, slots=True)
class ReadAuthorship:
    """The authorship of everything that is stored of a document, as far as it can be read."""

    authorship: Authorship
    damage: str | None
    """Why it is not known who wrote what is in the snapshot; `None` where the record of that can be read."""


def sorted_participants(numbers: Iterable[int | None]) -> list[int | None]:
    """Return those who took part, each once, as versions list them."""
    return sorted(set(numbers), key=lambda number: (number is None, number))


def is_damaged(stored: Stored) -> bool:
    """Tell whether the record of who wrote the snapshot cannot be read."""
    return authorship_in(replace(stored, rows=())).damage is not None


def authorship_in(stored: Stored) -> ReadAuthorship:
    """Return the authorship of everything that is stored. Where that of the snapshot cannot be read, all of it is nobody's.

    Raises what `compact` does.
    """
    authorship, damage = Authorship(), stored.damage
    if stored.snapshot is not None:
        dead, reached = None, None
        if stored.rows:
            document = Document(snapshot=stored.snapshot)
            dead, reached = document.deletions(), decode_state_vector(document.state_vector())
        try:
            authorship = Authorship(stored.authorship, dead, reached)
        except ProtocolError as error:
            damage = str(error)
        if damage is not None:
            authorship = Authorship.unknown(stored.snapshot)
    for row in stored.rows:
        authorship.add(*row)
    return ReadAuthorship(authorship, damage)
