import subprocess
import sys

from benchmarks.processes import ProcessTree
from benchmarks.usage import Memory

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
