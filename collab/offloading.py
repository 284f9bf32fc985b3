"""Heavy work in a process of its own: the CRDT keeps the interpreter's lock while it works, and all rooms would wait for it.

A thread that computes also delays each return of the event loop from a system call, and a broadcast to fifty readers makes fifty.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, Generic, TypeVar, TypeVarTuple, Unpack, cast

from anyio import CapacityLimiter, fail_after, to_thread
from anyio.lowlevel import RunVar

from collab.errors import WorkLost

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

HEAVY = 128 * 1024
"""Bytes of content above which work upon it is heavy. Below, it takes some ten milliseconds; a process takes 200 to start, elsewhere."""

PROCESSES: Final = 2
"""How many work at once; others wait for their turn. Each takes 25 MB, and several times what it works upon."""

PATIENCE: Final = 120.0
"""Seconds that one may take. To fold 20 MB takes some two; one that hangs would hold up those that wait for their turn."""

NICENESS: Final = 5
"""By how much a process gives way to this one, where the processor does not suffice for both; it still gets a quarter of one."""

_COMMAND: Final = (sys.executable, "-P", "-c", "from collab.offloading import work; work()")

_turns: RunVar[CapacityLimiter] = RunVar("_turns")


async def offloaded(
    weight: int, function: Callable[[Unpack[Ts]], T], *args: *Ts, limiter: CapacityLimiter | None = None
) -> T:
    """Return what the function returns, and raise what it raises.

    It runs in one of the limiter's threads, and from a weight of `HEAVY` on in a process.

    The process ends with its work, and with whoever waits for that. `pickle` must be able to carry the function and all that it takes,
    returns and raises; the process imports what the function's module does, so that should be little. Raises `WorkLost` when the process
    cannot be started, ends before its work, or takes longer than `PATIENCE`.
    """
    if weight < HEAVY:
        return await to_thread.run_sync(function, *args, limiter=limiter)
    async with _processes():
        work = _Work(partial(function, *args), getattr(function, "__qualname__", "work"))
        try:
            with fail_after(PATIENCE):
                return await to_thread.run_sync(work.run, abandon_on_cancel=True)
        except TimeoutError:
            raise WorkLost(f"the process that was to {work.name} was not done in {PATIENCE:g} s") from None
        finally:
            work.end()


def _processes() -> CapacityLimiter:
    try:
        return _turns.get()
    except LookupError:
        limiter = CapacityLimiter(PROCESSES)
        _turns.set(limiter)
        return limiter


@dataclass(frozen=True, slots=True)
class _Returned(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


class _Work(Generic[T]):
    """One call, in a process of its own."""

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self.name = name
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False

    def run(self) -> T:
        """Start the process, and wait for its answer. Raises `WorkLost`, and what the call does."""
        outcome: _Returned[T] | _Raised | None = None
        try:
            process = self._start()
        except OSError as error:
            raise WorkLost(f"no process could be started to {self.name}: {error}") from error
        with process:
            # whoever does not take the question will not answer it either
            with suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as question:
                pickle.dump(self._call, question, pickle.HIGHEST_PROTOCOL)
            with suppress(EOFError, pickle.UnpicklingError):  # an answer cut short is none
                outcome = pickle.load(cast(IO[bytes], process.stdout))  # noqa: S301 - this program wrote it
        if process.returncode != 0 or outcome is None:
            raise WorkLost(f"the process that was to {self.name} ended with {process.returncode} before it was done")
        if isinstance(outcome, _Raised):
            raise outcome.error
        return outcome.value

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_over:
                raise WorkLost(f"nobody waits any more for {self.name}")
            self._process = subprocess.Popen(  # noqa: S603 - it is this program itself
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                process_group=0,  # what Ctrl-C sends is for the server, which ends work in order
            )
            return self._process

    def end(self) -> None:
        """Kill the process, unless it is done: nobody waits for it any more."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.kill()


def work() -> None:
    """Be the process: do what comes by standard input, and answer by standard output."""
    if sys.platform != "win32":
        os.nice(NICENESS)
    call = pickle.load(sys.stdin.buffer)  # noqa: S301 - this program wrote it
    outcome: _Returned[object] | _Raised
    try:
        outcome = _Returned(call())
    except MemoryError:
        raise  # there may be enough another time
    except Exception as error:  # noqa: BLE001 - it is raised again where the work was asked for
        outcome = _Raised(error)
    pickle.dump(outcome, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
