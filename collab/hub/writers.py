"""Those who edit and are no session."""

import asyncio

from collab.errors import CollabError
from collab.rooms.claims import Author, Origin


class Receipt:
    """Waits for the fate of one edit by somebody who is no session."""

    def __init__(self, author: Author | None = None, origin: Origin = Origin.WRITTEN) -> None:
        self.author = author
        self.origin = origin
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def saved(self) -> None:
        """Note that it is committed."""
        if not self.outcome.done():
            self.outcome.set_result(None)

    def refused(self) -> bool:
        """Leave it to `fail` to say why."""
        return False

    def fail(self, error: CollabError) -> None:
        """Note that it was not taken."""
        if not self.outcome.done():
            self.outcome.set_exception(error)

    async def wait(self) -> None:
        """Return once it is committed; raises what it was refused for."""
        await self.outcome


class Nobody:
    """Hands in what is stored already."""

    author: Author | None = None
    origin = Origin.MADE

    def saved(self) -> None:
        """Pass over it."""

    def refused(self) -> bool:
        """Pass over it."""
        return True
