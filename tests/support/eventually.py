"""Waiting for what other tasks or processes bring about."""

import time
from collections.abc import Callable

import anyio

DEADLINE = 20.0
"""Seconds; never reached by a test that passes."""


async def eventually(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds; fail when it never does."""
    with anyio.fail_after(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what is waited for tells of itself in no event
            await anyio.sleep(0.001)


def poll(condition: Callable[[], object], what: str, *, seconds: float = DEADLINE) -> None:
    """Block until the condition holds; fail, saying what was waited for, when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.005)
