"""Waiting for what other tasks bring about."""

from collections.abc import Callable

import anyio

DEADLINE = 20.0
"""Seconds; never reached by a test that passes."""


async def eventually(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds; fail when it never does."""
    with anyio.fail_after(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what is waited for tells of itself in no event
            await anyio.sleep(0.001)
