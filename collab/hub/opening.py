"""One opening of a document: who waits for it, and how it is given up before its end."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import anyio

from collab.errors import CollabError, DocumentDeleted
from collab.ports import DocumentId, DocumentName, StoredDocument

if TYPE_CHECKING:
    from collab.hub.live_room import LiveRoom

Built = TypeVar("Built")


def was_deleted(name: DocumentName) -> DocumentDeleted:
    """Return what ends the sessions of a document that was deleted, and turns away who comes to it."""
    return DocumentDeleted(f"the document {name!r} was deleted")


class OpeningGivenUp(Exception):
    """Nobody waits any more for what is worked on."""


class Opening:
    """A room to come. It ends once: with the room, with an error, or given up."""

    def __init__(self) -> None:
        """Begin one, in the running event loop."""
        self.outcome: asyncio.Future[LiveRoom] = asyncio.get_running_loop().create_future()
        self.outcome.add_done_callback(_retrieve_exception)
        self.deleted: frozenset[DocumentId] = frozenset()
        """What was deleted since it began, and what is loaded may be one of them."""
        self._building = anyio.CancelScope()

    @property
    def is_given_up(self) -> bool:
        """Whether it has ended before its work did."""
        return self.outcome.done()

    def give_up(self, error: CollabError) -> None:
        """Answer those who wait with an error, at once; what is built meanwhile is given up, and what is loaded thrown away."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
        self._building.cancel()

    async def loaded(self, loading: Awaitable[Built]) -> Built:
        """Return what is loaded, to its end even if nobody waits for it: a read that is cut off costs its connection to the database.

        Raises `OpeningGivenUp`.
        """
        stored = await loading
        self._check()
        return stored

    async def built(self, building: Awaitable[Built]) -> Built:
        """Return what is built, once in an opening. Raises `OpeningGivenUp`, as soon as it is."""
        with self._building:
            built = await building
            self._check()
            return built
        raise OpeningGivenUp

    def check_lives(self, stored: StoredDocument | None) -> None:
        """Raise `DocumentDeleted` where what was loaded was deleted since."""
        if stored is not None and stored.record.id in self.deleted:
            raise was_deleted(stored.record.name)

    def _check(self) -> None:
        if self.is_given_up:
            raise OpeningGivenUp


def _retrieve_exception(outcome: "asyncio.Future[LiveRoom]") -> None:
    """Mark an error as seen, for those who asked may all have gone."""
    if not outcome.cancelled():
        outcome.exception()
