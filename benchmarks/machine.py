"""The machine on which something was measured, said so that another of the same name is not taken for it."""

import os
import platform
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

_CPUINFO: Final = Path("/proc/cpuinfo")
_TURNS: Final = 1_000_000
_TRIES: Final = 7


def machine() -> str:
    """Say when and on what something was measured."""
    cores = f"{os.cpu_count()} cores ({_cpu()}; a loop of {_TURNS:,} turns takes {_pace() * 1e3:.0f} ms)"
    return f"{datetime.now(UTC).date().isoformat()}, {cores}, {platform.system()}, Python {platform.python_version()}"


@cache
def _cpu() -> str:
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        lines = []
    return cpu_model(lines) or platform.processor() or platform.machine()


def cpu_model(lines: Iterable[str]) -> str:
    """Return the name, the family and the model of the first core in `/proc/cpuinfo`; nothing where they are not told.

    A virtual machine may call processors of several years by one name.
    """
    cores = (line.partition(":") for line in lines)
    first: Mapping[str, str] = dict(reversed([(key.strip(), value.strip()) for key, _, value in cores]))
    told = [first.get("model name"), *(f"{key} {first[key]}" for key in ("cpu family", "model") if key in first)]
    return ", ".join(each for each in told if each)


@cache
def _pace() -> float:
    """Return how long a loop takes at best, in seconds: two machines of one name may differ by far in that."""
    return min(_loop() for _ in range(_TRIES))


def _loop() -> float:
    start = time.perf_counter()
    for _ in range(_TURNS):
        pass
    return time.perf_counter() - start
