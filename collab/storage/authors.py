"""The users who write, and the client ids that are theirs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import text

from collab.ports import Append
from collab.rooms.claims import Author
from collab.storage.database import Database

INSERT_CLAIMS: Final = text(
    "INSERT INTO claims (document_id, client_id, author_id) VALUES (:document, :client, :author)"
    " ON CONFLICT (document_id, client_id) DO NOTHING"
)
"""The claim that was committed first stands."""

_INSERT_AUTHOR: Final = text(
    "INSERT INTO authors (user_id, name) VALUES (:user_id, :name)"
    " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name RETURNING id"
)


class Authors:
    """The numbers that users have in the log. Those who wrote before through this process cost nothing more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[Author | None, int | None] = {None: None}

    async def ids(self, batch: Sequence[Append]) -> Mapping[Author | None, int | None]:
        """Return the numbers of all authors of a batch; a new one gets one, in a transaction of its own, as does a new name."""
        known = self._ids
        new = [author for append in batch for author in {*append.authors} if author not in known]
        new += [claim.author for append in batch for claim in append.claims if claim.author not in known]
        new += [note.author for append in batch for note in append.credit_notes if note.author not in known]
        return await self.numbered(new) if new else known

    async def numbered(self, authors: Iterable[Author | None]) -> Mapping[Author | None, int | None]:
        """Return the numbers of these authors, among others."""
        known = self._ids
        new = {author for author in authors if author is not None and author not in known}
        if new:
            numbered: dict[Author | None, int | None] = {}
            async with self._database.writing() as connection:
                for author in sorted(new):  # two nodes never wait crosswise
                    numbered[author] = await connection.scalar(
                        _INSERT_AUTHOR, {"user_id": author.user_id, "name": author.name}
                    )
            known.update(numbered)
        return known


def claim_rows(batch: Sequence[Append], ids: Mapping[Author | None, int | None]) -> list[dict[str, int | None]]:
    """Return the claims of a batch as rows, sorted so that two nodes never wait for each other's crosswise."""
    rows = [
        {"document": append.document, "client": claim.client_id, "author": ids[claim.author]}
        for append in batch
        for claim in append.claims
    ]
    # Of two claims in one batch the first in it stands: the sort keeps their order.
    return sorted(rows, key=lambda row: (row["document"], row["client"]))
