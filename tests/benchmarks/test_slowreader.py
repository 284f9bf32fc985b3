import subprocess
import sys

from benchmarks.contenders import CONTENDERS
from benchmarks.failures import RunFailed
from benchmarks.processes import ProcessTree
from benchmarks.slowreader import Outcome, Outcomes, Return, slow_reader_chart, slow_reader_table
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


def outcome(p99: float, growth: int, back: Return | None = None) -> Outcome:
    return Outcome(p99, growth * MB, (growth + 1) * MB, generator_share=0.2, others_share=0.1, back=back)


def test_table_sets_the_stuck_reader_beside_none() -> None:
    ours, *others = (contender.label for contender in CONTENDERS)
    outcomes: Outcomes = {
        ours: {
            False: [outcome(0.010, 100), outcome(0.030, 110), outcome(0.020, 90)],
            True: [outcome(0.025, 103, Return(700, 16 * MB, 0.5)), RunFailed("a client was disconnected")],
        }
    }
    outcomes |= {
        label: {False: [outcome(0.010, 10)], True: [RunFailed("a client was disconnected")]} for label in others
    }

    lines = slow_reader_table(outcomes, rounds=3).splitlines()

    assert f"| {ours} | 20.0 ms | 25.0 ms | 100 MB | 103 MB | 104 MB | 700 | 16.0 MB | 0.5 s | 3 and 1 of 2 |" in lines
    assert f"| {others[0]} | - | - | - | - | - | - | - | - | 1 and 0 of 1 |" in lines
    assert slow_reader_chart(outcomes).alt.startswith(
        f"p99 of the others, one stuck: {ours} 25.0 ms; {others[0]} no run counts"
    )


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
