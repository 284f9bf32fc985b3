"""A document in the SQLite store of pycrdt-websocket, as its server leaves it there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pycrdt import Doc, Text
from pycrdt.store import SQLiteYStore

PYCRDT_STORE: Final = "pycrdt.db"
"""The file of the store, in its server's directory."""

_SINCE_CHECKPOINT: Final = 50
"""Edits, of a history; the store makes a checkpoint with every hundredth."""


async def shelve_in_pycrdt_store(directory: Path, path: str, updates: Sequence[bytes]) -> None:
    """Put a document of these updates into the store of a server, by the path that its clients connect to; of two updates or more.

    The store commits one edit after the other, and a quarter of a million take it an hour; so the edits up to the last checkpoint are one
    row here, which no opening reads.
    """
    later = min(_SINCE_CHECKPOINT, len(updates) // 2)
    document: Doc[Text] = Doc()
    with document.transaction():
        for update in updates[:-later]:
            document.apply_update(update)
    store = _Store(path, directory)
    async with store:
        await store.write(document.get_update())
        store.checkpoint_interval = 1
        await store.write(updates[-later])
        store.checkpoint_interval = None
        for update in updates[len(updates) - later + 1 :]:
            await store.write(update)


class _Store(SQLiteYStore):
    """A store in the directory of its server."""

    def __init__(self, path: str, directory: Path) -> None:
        super().__init__(path)
        self.db_path = str(directory / PYCRDT_STORE)
