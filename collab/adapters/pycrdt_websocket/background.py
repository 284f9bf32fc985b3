"""What runs in a task of its own, and may be used as an asynchronous context."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Protocol, Self

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus


class InBackground(Protocol):
    """Something that is started and stopped."""

    _context: AsyncExitStack

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        ...

    async def start(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Run until `stop`."""
        ...

    async def stop(self) -> None:
        """Have `start` return."""
        ...

    async def __aenter__(self) -> Self:
        """Start it."""
        async with AsyncExitStack() as stack:
            tasks = await stack.enter_async_context(anyio.create_task_group())
            await tasks.start(self.start)
            self._context = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Stop it, unless it was stopped before."""
        if self.running:
            with anyio.CancelScope(shield=True):
                await self.stop()
        return await self._context.__aexit__(kind, error, traceback)
