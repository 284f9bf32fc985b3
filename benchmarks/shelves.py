"""A document put into the database before its server starts, as a server leaves it there when everybody has gone."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Final

from benchmarks.store import size_of
from collab.ports import Append, DocumentKind, DocumentName, VersionKind
from collab.storage import migrate, open_storage
from collab.storage.database import open_database

_PAGE: Final = 4096
_IN_A_COMMIT: Final = 1_000
_IN_A_FOLD: Final = 100_000
"""Updates; a live server folds far more often, but what that leaves in the end is the same."""


async def shelve(directory: Path, name: str, updates: Iterable[bytes]) -> int:
    """Put a document of these updates, folded, where a server finds it whose directory this is; return the bytes it takes up.

    They are those of whole pages, and a small document fills one in part. A version of it, as the server takes one when the last editor
    leaves, is there beside them; without it the server would take one as soon as it starts.
    """
    url = f"sqlite:///{directory}/collab.db"
    await migrate(url)
    async with open_storage(url) as storage, open_database(url) as database:
        empty = await size_of(database)
        record = await storage.documents.create(DocumentName(name), kind=DocumentKind.YJS, title="")
        remaining = iter(updates)
        unfolded = 0
        while batch := tuple(islice(remaining, _IN_A_COMMIT)):
            await storage.log.append([Append(record.id, batch)])
            unfolded += len(batch)
            if unfolded >= _IN_A_FOLD:
                await storage.log.compact(record.id)
                unfolded = 0
        await storage.log.compact(record.id)
        size = await size_of(database) - empty
        await storage.versions.take(record.id, VersionKind.AUTOMATIC)
        return max(size, _PAGE)
