import subprocess
import sys

import pytest

from benchmarks import usage
from benchmarks.failures import RunFailed
from benchmarks.processes import ProcessTree
from benchmarks.usage import Memory, at_rest

MB = 1_000_000
GROW = """
print("ready", flush=True)
input()
kept = bytearray(b"x") * 50_000_000
print("grown", flush=True)
input()
del kept
print("shrunk", flush=True)
input()
"""


def test_memory_is_the_most_that_a_server_took_meanwhile() -> None:
    with subprocess.Popen([sys.executable, "-c", GROW], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        memory = Memory(ProcessTree(process.pid))
        for word in (b"grown\n", b"shrunk\n"):
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert process.stdout.readline() == word
            memory.look()
        process.kill()
    assert 45 * MB < memory.growth < 60 * MB


class Busy(ProcessTree):
    """Takes half a core of each look, and after some looks nothing."""

    def __init__(self, looks: int) -> None:
        self._left = looks
        self._used = 0.0

    def cpu_seconds(self) -> float:
        self._left -= 1
        self._used += 0.5 if self._left >= 0 else 0.0
        return self._used


async def test_server_is_at_rest_when_it_takes_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_LOOK_SECONDS", 0.01)
    await at_rest(Busy(looks=6), within=60)
    with pytest.raises(RunFailed, match="still busy after 0 s"):
        await at_rest(Busy(looks=1_000_000), within=0)
