"""What is heavy runs in a process of its own, and answers as if it had not."""

import os
import signal
import time
from contextlib import suppress

import psutil
import pytest
from anyio import create_task_group, fail_after

from collab import offloading
from collab.errors import UpdateError, WorkLost
from collab.offloading import HEAVY, NICENESS, PROCESSES, offloaded
from collab.rooms.compaction import compact
from tests.support.eventually import eventually

LIGHT = HEAVY - 1
LONG = 600.0


def children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            if "collab.offloading" in " ".join(child.cmdline()):
                found.append(child)
    return found


async def test_what_is_light_runs_here() -> None:
    assert await offloaded(LIGHT, os.getpid) == os.getpid()


async def test_what_is_heavy_runs_in_a_process_of_its_own_each_time() -> None:
    found = {await offloaded(HEAVY, os.getpid) for _ in range(2)}
    assert len(found | {os.getpid()}) == 3
    assert children() == []


async def test_what_is_heavy_gives_way_to_the_server() -> None:
    assert await offloaded(HEAVY, os.nice, 0) == os.nice(0) + NICENESS


async def test_megabytes_pass_both_ways() -> None:
    content = os.urandom(8 * 1024 * 1024)
    assert await offloaded(HEAVY, bytes, content) == content


@pytest.mark.parametrize("weight", [LIGHT, HEAVY])
async def test_what_is_raised_is_raised_here(weight: int) -> None:
    with pytest.raises(UpdateError, match="the stored snapshot"):
        await offloaded(weight, compact, b"junk", ())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_process_that_ends_before_its_work_loses_it_alone(number: int) -> None:
    with pytest.raises(
        WorkLost, match=rf"the process that was to raise_signal ended with -{number} before it was done"
    ):
        await offloaded(HEAVY, signal.raise_signal, int(number))


async def test_more_than_a_pipe_holds_that_nobody_reads_loses_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading, "_COMMAND", ("false",))
    with pytest.raises(WorkLost, match="ended with 1"):
        await offloaded(HEAVY, bytes, bytes(1024 * 1024))


async def test_a_process_that_cannot_be_started_loses_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading, "_COMMAND", ("/nowhere/at/all",))
    with pytest.raises(WorkLost, match="no process could be started to getpid"):
        await offloaded(HEAVY, os.getpid)


async def test_memory_that_was_short_loses_the_work_alone() -> None:
    with pytest.raises(WorkLost, match="the process that was to bytes ended with 1"):
        await offloaded(HEAVY, bytes, 1 << 62)


async def test_a_process_that_hangs_is_killed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading, "PATIENCE", 1.0)
    with pytest.raises(WorkLost, match="the process that was to pause was not done in 1 s"):
        await offloaded(HEAVY, signal.pause)
    await eventually(lambda: children() == [])


async def test_a_stopped_process_is_killed_when_nobody_waits_for_it_any_more() -> None:
    with fail_after(LONG):
        async with create_task_group() as tasks:
            tasks.start_soon(offloaded, HEAVY, signal.pause)
            await eventually(lambda: len(children()) == 1)
            children()[0].suspend()
            tasks.cancel_scope.cancel()
        await eventually(lambda: children() == [])


async def test_what_comes_at_once_takes_its_turn() -> None:
    seen: list[int] = []

    async def sleep() -> None:
        await offloaded(HEAVY, time.sleep, 0.3)
        seen.append(len(children()))

    async with create_task_group() as tasks:
        for _ in range(3 * PROCESSES):
            tasks.start_soon(sleep)
    assert len(seen) == 3 * PROCESSES
    assert max(seen) <= PROCESSES
