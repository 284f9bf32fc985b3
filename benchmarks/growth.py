"""How cost grows: the same work on ours at points that lie further and further apart, each in a run and on a server of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Generic, Protocol, TypeVar

from benchmarks import fanout, pasts, sizes, units
from benchmarks.charts import Chart, Curve, Curves, curve_chart
from benchmarks.contenders import OURS
from benchmarks.failures import RunFailed
from benchmarks.keystrokes import TYPING
from benchmarks.measured import Measured
from benchmarks.report import Column, alone, line, progress_line, reason
from benchmarks.rounds import Outcome, Stand, Trial, outcome_of, started
from benchmarks.workload import Workload

_TRIES: Final = 3
"""How often a point is measured until its run counts."""

Result = TypeVar("Result", bound=Outcome)


class Growing(Protocol):
    """What is measured at growing points, whatever its runs come to."""

    @property
    def title(self) -> str:
        """The heading of its section."""

    async def measure(self, say: Callable[[str], None], *, noisy: bool) -> Measured:
        """Run it; a noisy one does not mind what else the machine does."""
        ...


@dataclass(frozen=True, slots=True)
class Growth(Generic[Result]):
    """What grows, what is run at each point, and what is told of it."""

    title: str
    conditions: str
    """A sentence."""

    grows: str
    """What the points count."""

    points: Sequence[float]
    trial: Callable[[float, Path], Trial[Result]]
    """Takes the point, and an empty directory for what the run's servers keep."""

    columns: Sequence[Column[Result]]
    mark: Callable[[float], str] = units.number
    """Writes a point."""

    by_factors: bool = False
    """Whether the figures grow as the points do, so that only a logarithmic axis shows them all."""

    async def measure(self, say: Callable[[str], None], *, noisy: bool) -> Measured:
        """Run it; a noisy one does not mind what else the machine does."""
        runs = [await self._measure(point, say, noisy=noisy) for point in self.points]
        counted = [run for run in runs if not isinstance(run, RunFailed)]
        text = f"{self.conditions} {alone(counted)}\n\n{self.table(runs)}"
        return Measured(text, self.chart(runs), is_complete=len(counted) == len(runs))

    async def _measure(self, point: float, say: Callable[[str], None], *, noisy: bool) -> Result | RunFailed:
        run: Result | RunFailed
        for _ in range(_TRIES):
            with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
                directory = Path(scratch)
                serving = partial(started, OURS.server, directory)
                stand = Stand(OURS, "room-", serving, directory)
                run = await outcome_of(self.trial(point, directory), stand, noisy=noisy)
            say(f"{self.mark(point)} {self.grows}  {progress_line(self.columns, run)}")
            if not isinstance(run, RunFailed):
                break
        return run

    def table(self, runs: Sequence[Result | RunFailed]) -> str:
        """Return a Markdown table: a row for each point."""
        titles = [self.grows, *(column.title for column in self.columns)]
        return "\n".join([line(titles), "|---" * len(titles) + "|", *map(self._row, self.points, runs)])

    def _row(self, point: float, run: Result | RunFailed) -> str:
        if isinstance(run, RunFailed):
            return line([self.mark(point), reason(run), *"-" * (len(self.columns) - 1)])
        return line([self.mark(point), *(column.write(column.figure(run)) for column in self.columns)])

    def chart(self, runs: Sequence[Result | RunFailed]) -> Chart:
        """Draw the columns that have a panel."""
        titles = dict.fromkeys(column.panel for column in self.columns if column.panel is not None)
        panels = [self._panel(title, runs) for title in titles]
        return curve_chart(
            self.grows, self.points, [self.mark(point) for point in self.points], panels, by_factors=self.by_factors
        )

    def _panel(self, title: str, runs: Sequence[Result | RunFailed]) -> Curves:
        columns = [column for column in self.columns if column.panel == title]
        curves = [
            Curve(column.title, [None if isinstance(run, RunFailed) else column.figure(run) for run in runs])
            for column in columns
        ]
        return Curves(title, curves, columns[0].write)


def _typing(workload: Callable[[int], Workload]) -> Callable[[float, Path], Trial[fanout.Outcome]]:
    return lambda point, _: fanout.trial(workload(round(point)))


_CPU_SHARE: Final[Column[fanout.Outcome]] = Column(
    "CPU share", lambda run: run.cpu_share, units.share, panel="CPU share"
)
_CPU_EACH: Final[Column[fanout.Outcome]] = Column(
    "CPU per 1,000 deliveries",
    lambda run: run.cpu_per_delivery,
    units.milliseconds_per_thousand,
    panel="CPU per 1,000 deliveries",
)
_P99: Final[Column[fanout.Outcome]] = Column("p99", lambda run: run.p99, units.milliseconds, panel="p99")
_DELIVERIES: Final[Column[fanout.Outcome]] = Column("deliveries/s", lambda run: run.deliveries, units.number)

GROWTH: Final[Mapping[str, Growing]] = {
    "readers": Growth(
        title="Readers of one room",
        conditions="20 writers with 10 keystrokes/s each in one room with more and more readers; 6 s are measured, after 2 s of warm-up.",
        grows="readers",
        points=(10, 30, 100, 300, 1_000),
        trial=_typing(lambda readers: Workload(readers=readers, seconds=6, warm_up=2)),
        columns=(
            _DELIVERIES,
            Column("frames/s to a reader", lambda run: run.frames, units.number, panel="frames/s to a reader"),
            _CPU_SHARE,
            _CPU_EACH,
            _P99,
        ),
    ),
    "rooms": Growth(
        title="Rooms of two",
        conditions=(
            "More and more rooms, in each of which two people make an edit every five seconds each and read those of the other; "
            "15 s are measured, after each has made a first edit, the server has come to rest, and 5 s of warm-up."
        ),
        grows="rooms",
        points=(10, 50, 200, 1_000, 5_000),
        trial=_typing(
            lambda rooms: Workload(
                rooms=rooms, writers=2, readers=0, rate=0.2, seconds=15, warm_up=5, begun=True, probes=2 * rooms
            )
        ),
        columns=(
            _DELIVERIES,
            _CPU_SHARE,
            _CPU_EACH,
            _P99,
            Column("memory for a room", lambda run: 2 * run.memory_each, units.kilobytes),
            Column("memory", lambda run: run.busy_memory, units.megabytes, panel="memory"),
        ),
    ),
    "size": Growth(
        title="Size of a document",
        conditions=(
            f"A document at rest in the database before the server starts; {sizes.COLD_OPENINGS} openings after a restart each, "
            f"{sizes.WARM_OPENINGS} while somebody has it open, and one person who types {TYPING.rate:g} letters/s in it for "
            f"{TYPING.seconds:g} s before a reader. Times are medians, CPU means."
        ),
        grows="document",
        points=(1e3, 1e4, 1e5, 1e6, 5e6, 2e7),
        trial=sizes.trial,
        columns=sizes.COLUMNS,
        mark=units.size,
        by_factors=True,
    ),
    "history": Growth(
        title="Edits in a document's past",
        conditions=(
            "A document that was typed letter by letter, in chapters of 100,000 edits, and three tenths of them deletions; at rest in the "
            "database before the server starts; "
            f"{pasts.OPENINGS} openings after a restart each, and one person who types {TYPING.rate:g} letters/s at its end for "
            f"{TYPING.seconds:g} s before a reader. Times are medians, CPU means."
        ),
        grows="edits",
        points=(1e3, 1e4, 1e5, 1e6),
        trial=pasts.trial,
        columns=pasts.COLUMNS,
        by_factors=True,
    ),
}
