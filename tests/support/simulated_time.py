"""An event loop whose clock leaps to the next timer when nothing else is left to do: its hours take no time, and always go alike."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Outcome = TypeVar("Outcome")

BEGINNING = 1000.0
"""What the clock says at first, in seconds; not 0, which code could take for `never`."""

STANDSTILL = 100_000
"""Turns of the loop in one moment; more is work that calls itself again at once, and would go on for ever."""


class _LeapingSelector(selectors.DefaultSelector):
    """Waits for nobody."""

    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            self._turns += 1
            if self._turns > STANDSTILL:
                raise RuntimeError(f"{STANDSTILL} turns of the loop, and its clock stands still")
        elif timeout is None:
            raise RuntimeError("everybody waits, and no timer runs: nothing can happen any more")
        else:
            self._turns = 0
            self._leap(timeout)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop for what waits for nothing but timers and itself; nothing in it may wait for threads, sockets or processes."""

    def __init__(self) -> None:
        super().__init__(_LeapingSelector(self._leap))
        self._now = BEGINNING

    def time(self) -> float:
        return self._now

    def _leap(self, seconds: float) -> None:
        self._now += seconds


def simulate(main: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
    """Run a coroutine function to its end under a simulated clock."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main())
