"""Tasks without anyio's book-keeping: they end with their block, and not for each other."""

import asyncio
import gc
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio.lowlevel import checkpoint

from collab.light_tasks import LightTasks


async def test_tasks_that_still_run_end_with_the_block() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(name)

    async with LightTasks() as tasks:
        tasks.start(work("one"))
        tasks.start(work("another"))
        await anyio.wait_all_tasks_blocked()
        assert ended == []

    assert ended == ["one", "another"]


async def test_block_ends_all_the_same_when_it_is_cancelled() -> None:
    ended = anyio.Event()

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    with anyio.CancelScope() as scope:
        async with LightTasks() as tasks:
            tasks.start(work())
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
            await anyio.sleep_forever()

    assert ended.is_set()


async def test_finished_waits_for_all_or_for_so_long() -> None:
    done: list[str] = []

    async def work() -> None:
        await checkpoint()
        done.append("soon")

    async with LightTasks() as tasks:
        tasks.start(work())
        await tasks.finished()
        assert done == ["soon"]
        tasks.start(anyio.sleep_forever())
        await tasks.finished(within=0.01)  # else this would hang


@pytest.fixture
async def logged() -> AsyncIterator[list[object]]:
    """What the event loop has to log."""
    loop, errors = asyncio.get_running_loop(), list[object]()
    usual = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
    yield errors
    loop.set_exception_handler(usual)


async def test_one_that_fails_ends_no_other_and_is_logged(logged: list[object]) -> None:
    done: list[str] = []
    error = ValueError("by design")

    async def fail() -> None:
        raise error

    async def work() -> None:
        await checkpoint()
        done.append("soon")

    async with LightTasks() as tasks:
        tasks.start(fail())
        tasks.start(work())
        await tasks.finished()

    gc.collect()
    assert done == ["soon"]
    assert logged == [error]
