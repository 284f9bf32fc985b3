"""The table of a benchmark, and the page that keeps the latest one."""

import os
import platform
import shutil
import statistics
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.contenders import CONTENDERS, SERVERS, Contender
from benchmarks.fanout import Outcome
from benchmarks.rounds import Outcomes
from benchmarks.workload import Workload

_COLUMNS: Final = (
    "server",
    "CPU per 1,000 deliveries",
    "to the best peer",
    "p50",
    "p99",
    "to the best peer",
    "deliveries/s",
    "frames/s to a reader",
    "CPU share",
    "idle memory",
    "runs that count",
)
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Row:
    contender: Contender
    counted: Sequence[Outcome]
    runs: int

    def median(self, figure: Callable[[Outcome], float]) -> float:
        return statistics.median(figure(outcome) for outcome in self.counted)


def table(outcomes: Outcomes) -> str:
    """Return the medians as a Markdown table; ratios are against the best peer in each column."""
    rows = [_row(contender, outcomes) for contender in CONTENDERS]
    peers = [row for row in rows if row.counted and not row.contender.ours]
    best_cpu = min((row.median(_cpu) for row in peers), default=None)
    best_p99 = min((row.median(_p99) for row in peers), default=None)
    head = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    return "\n".join(head + [_line(row, best_cpu, best_p99) for row in rows])


def _row(contender: Contender, outcomes: Outcomes) -> _Row:
    runs = outcomes[contender.label]
    return _Row(contender, [outcome for outcome in runs if isinstance(outcome, Outcome)], len(runs))


def _cpu(outcome: Outcome) -> float:
    return outcome.cpu_per_delivery


def _p99(outcome: Outcome) -> float:
    return outcome.p99


def _line(row: _Row, best_cpu: float | None, best_p99: float | None) -> str:
    cells = [row.contender.label]
    if row.counted:
        cells += [
            f"{row.median(_cpu) * 1e6:.2f} ms",
            _ratio(row.median(_cpu), best_cpu),
            f"{row.median(lambda outcome: outcome.p50) * 1e3:.1f} ms",
            f"{row.median(_p99) * 1e3:.1f} ms",
            _ratio(row.median(_p99), best_p99),
            f"{row.median(lambda outcome: outcome.deliveries):,.0f}",
            f"{row.median(lambda outcome: outcome.frames):.0f}",
            f"{row.median(lambda outcome: outcome.cpu_share):.0%}",
            f"{row.counted[0].idle_memory / _MIB:.0f} MiB",
        ]
    else:
        cells += ["-"] * (len(_COLUMNS) - 2)
    cells.append(f"{len(row.counted)} of {row.runs}")
    return f"| {' | '.join(cells)} |"


def _ratio(value: float, best: float | None) -> str:
    return "-" if best is None else f"{value / best:.2f}"


def conditions(workload: Workload, rounds: int, outcomes: Outcomes) -> str:
    """Say under what the figures were taken: workload, machine, versions, date."""
    versions = ", ".join(f"{server.name} {server.version()}" for server in SERVERS)
    return (
        f"{workload.writers} writers with {workload.rate:g} keystrokes/s each and {workload.readers} readers in one room; "
        f"the median of {rounds} interleaved {'round' if rounds == 1 else 'rounds'} of {workload.seconds:g} s "
        f"after {workload.warm_up:g} s of warm-up. "
        f"{machine()}, shared by server and generator{_disturbance(outcomes)}; Node {_node_version()}; {versions}."
    )


def machine() -> str:
    """Say when and on what something was measured."""
    return (
        f"{datetime.now(UTC).date().isoformat()}, {os.cpu_count()} cores ({_cpu_model()}), "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def _disturbance(outcomes: Outcomes) -> str:
    shares = [outcome.others_share for runs in outcomes.values() for outcome in runs if isinstance(outcome, Outcome)]
    return f", while other processes took {statistics.median(shares):.0%} of a core" if shares else ""


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def _node_version() -> str:
    node = shutil.which("node")
    if node is None:
        return "absent"
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")


def write_section(page: Path, name: str, text: str) -> None:
    """Put the text between the marks of this section, in the place of what stood there. Raises `ValueError` where it has no marks."""
    opening, closing = f"<!-- {name}: written by `make bench` -->", f"<!-- /{name} -->"
    before, begin, rest = page.read_text().partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        raise ValueError(f"{page} has no marks; expected {opening} and {closing}")
    page.write_text(f"{before}{opening}\n\n{text}\n\n{closing}{after}")
