"""The table and the picture of a benchmark, and the page that keeps the latest ones."""

import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from benchmarks.charts import Bar, Bars, Chart
from benchmarks.contenders import OURS, Contender
from benchmarks.failures import RunFailed
from benchmarks.machine import machine
from benchmarks.rounds import Outcome, Outcomes

_HEADING: Final = "\n## "
_OPENING: Final = "<!-- {}: written by `make bench` -->"
_CLOSING: Final = "<!-- /{} -->"

TO_THE_BEST_PEER: Final = "to the best peer"
_LONGEST_REASON: Final = 160
_ROUNDS_WITH_SPREAD: Final = 3

Result = TypeVar("Result", bound=Outcome)


@dataclass(frozen=True, slots=True)
class Column(Generic[Result]):
    """One figure of a table, taken over the runs that count."""

    title: str
    figure: Callable[[Result], float]
    write: Callable[[float], str]
    ratio: str | None = None
    """The title of a column after it with the ratio to the best peer."""

    best: Callable[[Iterable[float]], float] = min
    over_runs: Callable[[Sequence[float]], float] = statistics.median
    panel: str | None = None
    """The title of what shows it in the section's picture; those of the same panel stand in it together."""

    def value(self, counted: Sequence[Result]) -> float:
        """Return the figure of some runs, one at least."""
        return self.over_runs([self.figure(outcome) for outcome in counted])


def first(values: Sequence[float]) -> float:
    """Take the first run's figure, where those after it are measured on a server that was used already."""
    return values[0]


def table(
    columns: Sequence[Column[Result]],
    contenders: Sequence[Contender],
    outcomes: Outcomes[Result],
) -> str:
    """Return a Markdown table: a row for each contender."""
    rows = [_Row(contender, outcomes[contender.label]) for contender in contenders]
    peers = [row.counted for row in rows if row.counted and not row.contender.ours]
    bests = [column.best(map(column.value, peers)) if peers else None for column in columns]
    titles = ["server"]
    for column in columns:
        titles += [column.title] if column.ratio is None else [column.title, column.ratio]
    lines = [
        line([*titles, "runs that count"]),
        "|---" * (len(titles) + 1) + "|",
        *(line([row.contender.label, *_cells(columns, row.counted, bests), row.verdict]) for row in rows),
    ]
    return "\n".join(lines)


class _Row(Generic[Result]):
    """What one contender's runs came to."""

    def __init__(self, contender: Contender, runs: Sequence[Result | RunFailed]) -> None:
        self.contender = contender
        self.counted = [run for run in runs if not isinstance(run, RunFailed)]
        failures = [run for run in runs if isinstance(run, RunFailed)]
        self.verdict = f"{len(self.counted)} of {len(runs)}" + (f": {reason(failures[-1])}" if failures else "")


def _cells(
    columns: Sequence[Column[Result]], counted: Sequence[Result], bests: Sequence[float | None]
) -> Iterator[str]:
    for column, best in zip(columns, bests, strict=True):
        yield column.write(column.value(counted)) if counted else "-"
        if column.ratio is not None:
            yield f"{column.value(counted) / best:.2f}" if counted and best else "-"


def bars(columns: Sequence[Column[Result]], contenders: Sequence[Contender], outcomes: Outcomes[Result]) -> list[Bars]:
    """Return what the picture shows beside the table: each column with a panel, and of three rounds or more their spread."""
    rows = [_Row(contender, outcomes[contender.label]) for contender in contenders]
    return [Bars(column.panel, [_bar(column, row) for row in rows]) for column in columns if column.panel is not None]


def _bar(column: Column[Result], row: "_Row[Result]") -> Bar:
    figures = [column.figure(outcome) for outcome in row.counted]
    return bar(row.contender, figures, column.write, column.over_runs)


def bar(
    contender: Contender,
    figures: Sequence[float],
    write: Callable[[float], str],
    over_runs: Callable[[Sequence[float]], float] = statistics.median,
) -> Bar:
    """Return the bar of a contender's runs that count; two or fewer tell nothing of how far rounds lie apart."""
    if not figures:
        return Bar(contender.label, None, "no run counts", None, contender.ours)
    value = over_runs(figures)
    spread = (min(figures), max(figures)) if len(figures) >= _ROUNDS_WITH_SPREAD else None
    return Bar(contender.label, value, write(value), spread, contender.ours)


def line(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def reason(failure: RunFailed) -> str:
    """Return the end of what a failure says, on one line that does not break a table."""
    return " ".join(str(failure).replace("|", "/").split())[-_LONGEST_REASON:]


def progress_line(columns: Sequence[Column[Result]], outcome: Result | RunFailed) -> str:
    """Say what one run came to."""
    if isinstance(outcome, RunFailed):
        return f"does not count: {outcome}"
    figures = "   ".join(f"{column.title} {column.write(column.figure(outcome))}" for column in columns)
    return f"{figures}   generator {outcome.generator_share:.0%}, others {outcome.others_share:.0%} of a core"


def surroundings(rounds: int, contenders: Sequence[Contender], outcomes: Outcomes[Result]) -> str:
    """Say how often, when, on what machine, how undisturbed and of which versions the figures are."""
    servers = dict.fromkeys(contender.server for contender in contenders)
    versions = ", ".join(f"{server.name} {server.version()}" for server in servers)
    counted = [run for runs in outcomes.values() for run in runs if not isinstance(run, RunFailed)]
    return (
        f"The median of {rounds} interleaved {'round' if rounds == 1 else 'rounds'}. {machine()}, shared by server and "
        f"generator{disturbance(counted)}; Node {_node_version()}; {versions}."
    )


def alone(runs: Sequence[Outcome] = (), shared_by: str = "server and generator") -> str:
    """Say when, on what, beside what, how undisturbed and of which version the figures of ours alone are."""
    server = OURS.server
    return f"{machine()}, shared by {shared_by}{disturbance(runs)}; {server.name} {server.version()}."


def disturbance(runs: Sequence[Outcome]) -> str:
    """Say what other processes took meanwhile, if anything was measured."""
    shares = [run.others_share for run in runs]
    return f", while other processes took {statistics.median(shares):.0%} of a core" if shares else ""


def _node_version() -> str:
    node = shutil.which("node")
    if node is None:
        return "absent"
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")


def write_section(page: Path, name: str, title: str, text: str, chart: Chart | None = None) -> None:
    """Put the text, and below it the picture, between the marks of this section, in the place of what stood there.

    Where the page has no such marks yet, they come with a heading before its last section, which tells how all was measured. Raises
    `ValueError` where it has only one of them, or no section at all.
    """
    opening, closing = _OPENING.format(name), _CLOSING.format(name)
    shown = text if chart is None else f"{text}\n\n![{chart.alt}]({_picture(page, name)})"
    section = f"{opening}\n\n{shown}\n\n{closing}"
    content = page.read_text()
    before, begin, rest = content.partition(opening)
    _, end, after = rest.partition(closing)
    if not (begin and end):
        before, heading, after = content.rpartition(_HEADING)
        if begin or not heading:
            raise ValueError(f"{page} has no place for a section; expected {opening} and {closing}, or a heading")
        before, after = f"{before}{_HEADING}{title}\n\n", f"\n{heading}{after}"
    if chart is not None:
        picture = page.parent / _picture(page, name)
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(chart.svg)
    page.write_text(f"{before}{section}{after}")


def section_of(page: str, name: str) -> tuple[str, str] | None:
    """Return the heading and the text of a section of a page; `None` where it has none of this name."""
    before, begin, rest = page.partition(_OPENING.format(name))
    text, end, _ = rest.partition(_CLOSING.format(name))
    if not (begin and end):
        return None
    return before.rpartition(_HEADING)[2].partition("\n")[0], text


def _picture(page: Path, name: str) -> str:
    """Return where the picture of a section lies, from its page."""
    return f"images/{page.stem}/{name}.svg"
