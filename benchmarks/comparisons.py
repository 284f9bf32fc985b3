"""Every comparison of ours with its peers, by its name: what is run, what its table shows, and under what conditions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeVar

from benchmarks import cursors, fanout, idling, openings, reopening, slowreader, throughput
from benchmarks.charts import bar_chart
from benchmarks.contenders import (
    CONTENDERS,
    KEEPING,
    OURS,
    UNHURRIED,
    WITH_RELAY,
    Contender,
)
from benchmarks.failures import RunFailed
from benchmarks.measured import Measured
from benchmarks.openings import Rush
from benchmarks.report import Column, bars, progress_line, surroundings, table
from benchmarks.rounds import Outcome, Plan, Trial, side_by_side
from benchmarks.workload import Workload

_AFTER: Final = "{seconds} s are measured, after 3 s of warm-up."

Result = TypeVar("Result", bound=Outcome)


class Benchmark(Protocol):
    """A comparison, whatever its runs come to."""

    @property
    def title(self) -> str:
        """The heading of its section."""

    @property
    def rounds(self) -> int:
        """How often each contender is measured, unless another number is asked for."""

    @property
    def seconds(self) -> float | None:
        """How long a run is measured, unless another time is asked for; `None` where it takes as long as it takes."""

    @property
    def on_page(self) -> bool:
        """Whether the page has a section for it."""

    async def measure(self, rounds: int, seconds: float | None, say: Callable[[str], None], *, noisy: bool) -> Measured:
        """Run it; a noisy one does not mind what else the machine does."""
        ...


@dataclass(frozen=True, slots=True)
class Comparison(Generic[Result]):
    """What is run on each contender, and what is told of it."""

    title: str
    conditions: str
    """A sentence, in which `{seconds}` stands for how long a run is measured."""

    trial: Callable[[float], Trial[Result]]
    """Prepares what all runs share; takes how long each is measured, in seconds."""

    columns: Sequence[Column[Result]]
    seconds: float | None = 8.0
    rounds: int = 3
    contenders: Sequence[Contender] = CONTENDERS
    afresh: bool = True
    """Whether each run gets a server of its own."""

    on_page: bool = True

    async def measure(self, rounds: int, seconds: float | None, say: Callable[[str], None], *, noisy: bool) -> Measured:
        """Run it; a noisy one does not mind what else the machine does."""
        plan = Plan(self.contenders, rounds, self.afresh, noisy)

        def progress(number: int, contender: Contender, outcome: Result | RunFailed) -> None:
            say(f"round {number}  {contender.label:32} {progress_line(self.columns, outcome)}")

        outcomes = await side_by_side(plan, self.trial(seconds or 0.0), progress)
        conditions = self.conditions.format(seconds=f"{seconds or 0:g}")
        rows = table(self.columns, self.contenders, outcomes)
        text = f"{conditions} {surroundings(rounds, self.contenders, outcomes)}\n\n{rows}"
        ours = [contender.label for contender in self.contenders if contender.ours]
        whole = {label for label, runs in outcomes.items() if not any(isinstance(run, RunFailed) for run in runs)}
        is_complete = whole.issuperset(ours) and len(whole) > len(ours)
        return Measured(text, bar_chart(bars(self.columns, self.contenders, outcomes)), is_complete)


def _typing(workload: Workload) -> Callable[[float], Trial[fanout.Outcome]]:
    return lambda seconds: fanout.trial(replace(workload, seconds=seconds))


def _openings(
    title: str, conditions: str, rush: Rush, contenders: Sequence[Contender] = CONTENDERS
) -> Comparison[openings.Outcome]:
    return Comparison(
        title=title,
        conditions=conditions,
        trial=lambda _: openings.trial(rush),
        columns=openings.COLUMNS,
        seconds=None,
        contenders=contenders,
    )


COMPARISONS: Final[Mapping[str, Benchmark]] = {
    "fanout": Comparison(
        title="One room: 20 people type, 100 read",
        conditions=f"20 writers with 10 keystrokes/s each and 100 readers in one room; {_AFTER}",
        trial=_typing(Workload()),
        columns=fanout.columns(),
        afresh=False,
    ),
    "rooms": Comparison(
        title="200 rooms with three people each",
        conditions=f"200 rooms, in each of which three people make 2 edits/s each and read those of the others; {_AFTER}",
        trial=_typing(Workload(rooms=200, writers=3, readers=0, rate=2, probes=600)),
        columns=fanout.columns(),
    ),
    "crowd": Comparison(
        title="10,000 connections in 1,000 rooms",
        conditions=(
            "1,000 rooms, in each of which ten people make an edit every five seconds each and read those of the others; "
            "{seconds} s are measured, after 5 s of warm-up."
        ),
        trial=_typing(Workload(rooms=1_000, writers=10, readers=0, rate=0.2, warm_up=5, probes=10_000)),
        columns=fanout.columns(),
        seconds=15.0,
    ),
    "openings": _openings(
        "200 people open a document at once",
        "200 clients come within 0.2 s to a document of 311 kB that somebody has open.",
        Rush(clients=200, within=0.2),
    ),
    "rush": _openings(
        "2,000 people open a document at once",
        "2,000 clients come within 2 s to a document of 311 kB that somebody has open.",
        Rush(clients=2_000, within=2.0),
    ),
    "large": _openings(
        "200 people open a large document at once",
        "200 clients come within 2 s to a document of 5 MB that somebody has open.",
        Rush(clients=200, within=2.0, pages=16),
    ),
    "closed": _openings(
        "200 people open a large document at once after a restart",
        "200 clients come within 2 s to a document of 5 MB that nobody has opened since the server started.",
        Rush(clients=200, within=2.0, pages=16, closed=True),
        (*CONTENDERS[:2], *KEEPING[2:]),
    ),
    "cursors": Comparison(
        title="One room: 100 people move their cursors",
        conditions=f"100 people in one room, each of whom sends 15 presence states/s of about 100 bytes; {_AFTER}",
        trial=cursors.trial,
        columns=cursors.COLUMNS,
    ),
    "idle": Comparison(
        title="2,000 connections at rest",
        conditions="2,000 clients in 500 rooms, and nobody writes; {seconds} s are measured, two seconds after the last came.",
        trial=idling.trial,
        columns=idling.COLUMNS,
        seconds=15.0,
    ),
    "throughput": Comparison(
        title="One room, faster and faster",
        conditions=(
            "20 writers and 100 readers in one room, where each writer begins with 10 edits/s, and all double that until the p99 comes to "
            "250 ms or more, or somebody is left behind; the row tells of the last rate before. Each is measured for {seconds} s, "
            "after 2 s of warm-up."
        ),
        trial=throughput.trial,
        columns=throughput.COLUMNS,
        seconds=5.0,
        contenders=UNHURRIED,
    ),
    "reopening": Comparison(
        title="A document of 259,778 edits after a restart",
        conditions=(
            f"The history is typed, edit by edit, and its author leaves; {reopening.REST_SECONDS:g} s later, or when the server has "
            f"nothing to do any more, it is ended. It is started again {reopening.OPENINGS} times, and each time its first client opens "
            "the document. pycrdt-websocket finds it in its store from the beginning. "
            "A run's figures are medians of these."
        ),
        trial=reopening.trial,
        columns=reopening.COLUMNS,
        seconds=None,
        contenders=KEEPING,
    ),
    "slowreader": Comparison(
        title="One reader that reads nothing",
        conditions=(
            f"{slowreader.WORKLOAD.writers} writers send {slowreader.MEGABYTES:g} MB/s to {slowreader.WORKLOAD.readers} readers "
            f"in one room; then the same on another server, where one of them reads nothing for {slowreader.STUCK_SECONDS:g} s, "
            f"and comes back while the others go on for {slowreader.RETURN_SECONDS:g} s."
        ),
        trial=lambda _: slowreader.trial(),
        columns=slowreader.COLUMNS,
        seconds=None,
    ),
    "quick": Comparison(
        title="A quick look: ours beside a bare relay",
        conditions=(
            "20 writers with 10 keystrokes/s each and 100 readers in one room; a relay reads nothing but frames, keeps nothing, "
            f"and sends each of them to all others as it came; {_AFTER}"
        ),
        trial=_typing(Workload()),
        columns=fanout.columns(to="to a bare relay"),
        seconds=6.0,
        contenders=(OURS, WITH_RELAY),
        on_page=False,
    ),
}

ON_PAGE: Final = tuple(name for name, comparison in COMPARISONS.items() if comparison.on_page)
