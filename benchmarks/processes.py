"""Servers as processes: started on a free port, measured with all their children, and ended by their ids."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from benchmarks.failures import RunFailed

HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_LOG_TAIL: Final = 2_000
_SCHEDULER_CLOCK: Final = 2


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a server."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the runner's own."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that takes connections."""

    port: int
    processes: "ProcessTree"


class ProcessTree:
    """A process and all that descend from it."""

    def __init__(self, root: int) -> None:
        self._root = psutil.Process(root)
        self._members = [self._root]

    def refresh(self) -> None:
        """Look for descendants. Slow, since it walks all processes of the machine: not while a latency is measured."""
        self._members = [self._root, *self._root.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the user and system time that the known processes, and those they outlived, have used since they began."""
        total = 0.0
        for process in self._members:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += _own_cpu_seconds(process.pid, times.user + times.system)
                total += times.children_user + times.children_system
        return total

    def resident_bytes(self) -> int:
        """Return the resident memory of the known processes."""
        total = 0
        for process in self._members:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    def kill(self) -> None:
        """End all known processes with SIGKILL, as a power cut would, and return at once."""
        for process in self._members:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def end(self) -> None:
        """Ask the root to stop, wait for it, and kill whoever of the tree is left."""
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            self.refresh()
            self._root.terminate()
            self._root.wait(_STOP_SECONDS)
        self.kill()
        psutil.wait_procs(self._members, timeout=_STOP_SECONDS)


def _own_cpu_seconds(pid: int, ticks: float) -> float:
    """Return the process's own CPU time, to the microsecond where the kernel tells that, and in ticks elsewhere.

    An opening may take less than a tick of 10 ms.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime(~pid << 3 | _SCHEDULER_CLOCK)  # as clock_getcpuclockid(3) makes it
    return ticks


def machine_cpu_seconds() -> float:
    """Return the CPU time that all processes of the machine have used since it started."""
    times = psutil.cpu_times()
    busy: float = times.user + times.nice + times.system + times.irq + times.softirq
    return busy


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def running(name: str, command: Command, port: int, log: Path) -> AsyncIterator[RunningServer]:
    """Start a server and wait until it takes connections on `port`; end it and its descendants when the block is left.

    Raises `RunFailed`, with the end of what it wrote to `log`, when it does not come up.
    """
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches the runner alone, which then ends the servers in order.
        process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond, before anything is measured
            command.arguments,
            env={**os.environ, **command.environment},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    tree = ProcessTree(process.pid)
    try:
        if not await _listening(process, port):
            raise RunFailed(f"{name} does not listen on port {port}: {_tail(log)}")
        tree.refresh()
        yield RunningServer(port, tree)
    finally:
        tree.end()
        process.wait()


async def _listening(process: "subprocess.Popen[bytes]", port: int) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(_POLL_SECONDS)
        else:
            writer.close()
            return True
    return False


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_LOG_TAIL:].strip() or "it wrote nothing"
