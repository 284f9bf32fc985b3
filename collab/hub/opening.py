"""One opening of a document: who waits for it, and how it is given up before its end."""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

import anyio

from collab.errors import CollabError

if TYPE_CHECKING:
    from collab.hub.live_room import LiveRoom

Built = TypeVar("Built")


class OpeningGivenUp(Exception):
    """Nobody waits any more for what is worked on."""


class Opening:
    """A room to come. It ends once: with the room, with an error, or given up."""

    def __init__(self) -> None:
        """Begin one, in the running event loop."""
        self.outcome: asyncio.Future[LiveRoom] = asyncio.get_running_loop().create_future()
        self.outcome.add_done_callback(_retrieve_exception)
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

    def _check(self) -> None:
        if self.is_given_up:
            raise OpeningGivenUp


def _retrieve_exception(outcome: "asyncio.Future[LiveRoom]") -> None:
    """Mark an error as seen, for those who asked may all have gone."""
    if not outcome.cancelled():
        outcome.exception()
