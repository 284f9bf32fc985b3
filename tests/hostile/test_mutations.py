"""Updates that were broken on purpose, thrown at rooms in which somebody else writes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

SEEDS = (1, 2)
LONGEST_SECONDS = 1200


def besiege(seed: int, updates: int) -> str:
    """Run a siege; return what it said, which ends in where it was, and how it ended."""
    command = [sys.executable, "-m", "tests.hostile.mutations", str(seed), str(updates)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LONGEST_SECONDS, check=False
    )
    return f"{done.stdout[-2000:]}\nexit {done.returncode}"


@pytest.mark.parametrize("updates", [15_000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_broken_updates_crash_nothing_lose_nothing_and_hold_up_nobody(updates: int) -> None:
    with ThreadPoolExecutor(len(SEEDS)) as threads:
        ends = [*threads.map(besiege, SEEDS, [updates] * len(SEEDS))]

    print(*ends, sep="\n")
    assert all(end.endswith("exit 0") for end in ends)
