import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.failures import RunFailed
from benchmarks.processes import Command, ProcessTree, free_port, running

BURN = "import time\nwhile time.process_time() < 0.2: pass\nprint('burnt', flush=True)\ninput()"
PARENT_OF_BURN = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])"
LISTEN = (
    "import socket, sys, time\n"
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "while True: listener.accept()"
)


@pytest.fixture
def burning() -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose child has used a fifth of a second of CPU, and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT_OF_BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"burnt\n"
        yield process
        process.kill()


def test_cpu_of_a_tree_counts_its_children(burning: "subprocess.Popen[bytes]") -> None:
    tree = ProcessTree(burning.pid)
    tree.refresh()
    assert tree.cpu_seconds() >= 0.19


def test_ending_a_tree_ends_its_children(burning: "subprocess.Popen[bytes]") -> None:
    children = psutil.Process(burning.pid).children()
    ProcessTree(burning.pid).end()
    assert len(children) == 1
    assert not any(child.is_running() for child in children)


async def test_a_server_listens_inside_the_block_and_is_gone_after_it(tmp_path: Path) -> None:
    port = free_port()
    command = Command([sys.executable, "-c", LISTEN, str(port)])
    async with running("listener", command, port, tmp_path / "log") as server:
        assert server.processes.resident_bytes() > 0
        (pid,) = [process.pid for process in psutil.Process().children() if str(port) in process.cmdline()]
    assert not psutil.pid_exists(pid)


async def test_a_server_that_exits_is_reported_with_its_last_words(tmp_path: Path) -> None:
    command = Command([sys.executable, "-c", "print('the port is taken')"])
    with pytest.raises(RunFailed, match=r"broken does not listen on port \d+: the port is taken"):
        async with running("broken", command, free_port(), tmp_path / "log"):
            pass
