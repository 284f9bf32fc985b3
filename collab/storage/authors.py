"""The users who write, and the client ids that are theirs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

from sqlalchemy import ColumnElement, Connection, select, text

from collab.ports import Append
from collab.rooms.claims import Author
from collab.storage.database import Database
from collab.storage.row_by_row import is_natural, read_row_by_row
from collab.storage.tables import authors

INSERT_CLAIMS: Final = text(
    "INSERT INTO claims (document_id, client_id, author_id) VALUES (:document, :client, :author)"
    " ON CONFLICT (document_id, client_id) DO NOTHING"
)
"""The claim that was committed first stands."""

_INSERT_AUTHOR: Final = text(
    "INSERT INTO authors (user_id, name) VALUES (:user_id, :name)"
    " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name RETURNING id"
)

_LARGEST: Final = 2**63 - 1
"""No id is larger."""

MAX_KNOWN: Final = 4_096
"""Users that a process remembers, the latest; one that it has forgotten costs a statement more."""


class Authors:
    """The numbers that users have in the log. Those who wrote lately through this process, under the same name, cost nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[Author, int]] = {}
        """By user, as what they were written last, and their number; the latest at the end."""

    async def ids(self, batch: Sequence[Append]) -> Mapping[Author | None, int | None]:
        """Return the numbers of all authors of a batch; a new one gets one, in a transaction of its own, as does a new name."""
        named = dict.fromkeys([author for append in batch for author in append.authors])
        named |= dict.fromkeys([claim.author for append in batch for claim in append.claims])
        named |= dict.fromkeys([note.author for append in batch for note in append.credit_notes])
        return await self.numbered(named)

    async def numbered(self, authors: Iterable[Author | None]) -> Mapping[Author | None, int | None]:
        """Return the numbers of these authors; of several names of one user, the last one is kept."""
        named = [author for author in authors if author is not None]
        latest = {author.user_id: author for author in named}
        new = [author for author in latest.values() if self._known.get(author.user_id, (None, 0))[0] != author]
        numbers = await self._written(new) if new else {}
        numbers |= {user: self._known[user][1] for user in latest.keys() - numbers.keys()}
        self._remember(latest.values(), numbers)
        return {None: None} | {author: numbers[author.user_id] for author in named}

    async def _written(self, authors: Iterable[Author]) -> dict[str, int]:
        async with self._database.writing() as connection:
            return {
                author.user_id: int(
                    (
                        await connection.execute(_INSERT_AUTHOR, {"user_id": author.user_id, "name": author.name})
                    ).scalar_one()
                )
                for author in sorted(authors)  # two nodes never wait crosswise
            }

    def _remember(self, authors: Iterable[Author], numbers: Mapping[str, int]) -> None:
        for author in authors:
            self._known.pop(author.user_id, None)
            self._known[author.user_id] = author, numbers[author.user_id]
        while len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]


def claim_rows(batch: Sequence[Append], ids: Mapping[Author | None, int | None]) -> list[dict[str, int | None]]:
    """Return the claims of a batch as rows, sorted so that two nodes never wait for each other's crosswise."""
    rows = [
        {"document": append.document, "client": claim.client_id, "author": ids[claim.author]}
        for append in batch
        for claim in append.claims
    ]
    # Of two claims in one batch the first in it stands: the sort keeps their order.
    return sorted(rows, key=lambda row: (row["document"], row["client"]))


@dataclass(frozen=True, slots=True)
class ReadAuthors:
    """Rows of `authors`."""

    known: Mapping[int | None, Author]
    """Who the numbers are, as far as that can be read."""

    damaged: Mapping[int, str]
    """What is wrong with the others, who are nobody that could be credited."""


def read_authors(connection: Connection, chosen: ColumnElement[bool]) -> ReadAuthors:
    """Read the authors of whom this is true; each that is damaged by itself."""
    read = read_row_by_row(connection, select(authors).where(chosen), authors.c.id)
    known: dict[int | None, Author] = {}
    damaged = dict(read.unreadable)
    for row in read.rows:
        if wrong := [column for column in ("user_id", "name") if not isinstance(row[column], str)]:
            damaged[row["id"]] = "; ".join(f"its {column} is {row[column]!r}; expected text" for column in wrong)
        else:
            known[row["id"]] = Author(row["user_id"], row["name"])
    return ReadAuthors(known, damaged)


def with_numbers(numbers: Iterable[object]) -> ColumnElement[bool]:
    """Tell whether an author has one of these numbers, as far as they are any."""
    return authors.c.id.in_({number for number in numbers if is_number(number)})


def is_number(value: object) -> TypeGuard[int]:
    """Tell whether an author could have this number."""
    return is_natural(value) and 0 < value <= _LARGEST
