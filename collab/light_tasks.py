"""Tasks by the thousand, as light as the event loop has them.

A task of an anyio group comes with a handle, an event and a scope of its own, which take up as much as all that a connection reads with.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

import anyio


class LightTasks:
    """Tasks that end with the block they belong to. What one raises is the event loop's to log; it ends no other."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}  # an empty set is four times as large

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await self.finished()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine run, from the next turn of the loop on."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.__delitem__)

    async def finished(self, within: float | None = None) -> None:
        """Wait until all have ended, or so many seconds."""
        if self._tasks:
            with anyio.CancelScope(shield=True):
                await asyncio.wait(tuple(self._tasks), timeout=within)
