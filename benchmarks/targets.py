"""What each comparison should come to, held against the tables of the page itself: so the one is always true to the others."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.contenders import OURS, OURS_TO_HOCUSPOCUS_CLIENTS
from benchmarks.report import TO_THE_BEST_PEER, line, section_of, write_section

NAME: Final = "targets"
TITLE: Final = "What we want, and what we reach"
DOORS: Final = (OURS.label, OURS_TO_HOCUSPOCUS_CLIENTS.label)

_QUANTITY: Final = re.compile(r"([\d.,]+) ?(ms|s|kB|MB|MiB|%|)")
_UNITS: Final = {"ms": 1e-3, "s": 1.0, "kB": 1e3, "MB": 1e6, "MiB": 2.0**20, "%": 1e-2, "": 1.0}

Table = Mapping[str, Mapping[str, str]]
"""For each server, by its label, the cells of its row by the titles of their columns."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one door came to in one respect."""

    shown: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure, held against that of the best peer."""

    name: str
    column: str
    bound: float
    more_is_better: bool = False
    """Whether the bound is the least that is wanted, and not the most."""

    on_node: bool = False
    """Whether only the peers that run on Node count, whose labels begin with the @ of their packages."""

    @property
    def wanted(self) -> str:
        """What is wanted, in words."""
        times = "" if self.bound == 1 else f"{self.bound:g} times "
        return f"{self.name} {'≥' if self.more_is_better else '≤'} {times}the best peer{' on Node' if self.on_node else ''}"

    def of(self, label: str, table: Table) -> Found | None:
        """Hold this door against the others; `None` where no run of it counts, or none of a peer."""
        ratio = self._on_node(label, table) if self.on_node else quantity(table[label][ratio_of(self.column)])
        if ratio is None:
            return None
        reached = ratio >= self.bound if self.more_is_better else ratio <= self.bound
        return Found(f"{self.name} {ratio:.2f} times", reached)

    def _on_node(self, label: str, table: Table) -> float | None:
        """Take the ratio from figures as the page shows them, which has none of its own for these peers."""
        own = quantity(table[label][self.column])
        peers = [quantity(cells[self.column]) for peer, cells in table.items() if peer.startswith("@")]
        counted = [each for each in peers if each is not None]
        return None if own is None or not counted else round(own / min(counted), 2)


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that has to stay below something, or to come up to it at most."""

    name: str
    column: str
    bound: str
    inclusive: bool = False

    @property
    def wanted(self) -> str:
        """What is wanted, in words."""
        return f"{self.name} {'≤' if self.inclusive else '<'} {self.bound}"

    def of(self, label: str, table: Table) -> Found | None:
        """Look at this door; `None` where no run of it counts."""
        cell = table[label][self.column]
        own, bound = quantity(cell), quantity(self.bound)
        if own is None or bound is None:
            return None
        return Found(f"{self.name} {cell}", own <= bound if self.inclusive else own < bound)


_CPU: Final = "CPU per 1,000 deliveries"

TARGETS: Final[Mapping[str, Sequence[Ratio | Limit]]] = {
    "fanout": (Ratio("CPU", _CPU, 0.7), Ratio("p99", "p99", 1.0)),
    "throughput": (Ratio("deliveries/s", "deliveries/s", 3.0, more_is_better=True),),
    "rooms": (Ratio("CPU", _CPU, 0.7),),
    "crowd": (Ratio("CPU", _CPU, 0.85), Limit("p99", "p99", "50 ms"), Limit("memory", "memory", "350 MiB")),
    "openings": (Ratio("CPU", "CPU of the server", 0.25, on_node=True),),
    "rush": (Limit("longest wait", "longest wait", "3 s", inclusive=True),),
    "large": (Limit("longest wait", "longest wait", "3 s", inclusive=True),),
    "closed": (Limit("longest wait", "longest wait", "3 s", inclusive=True),),
    "cursors": (
        Ratio("CPU", "CPU share", 0.3),
        Limit("p99", "p99", "50 ms"),
        Limit("frames/s", "frames/s to a client", "60", inclusive=True),
    ),
    "idle": (Ratio("memory for a connection", "memory for a connection", 1.0),),
    "reopening": (Ratio("opening", "opening", 1.0),),
}
"""By the comparison's name, in the order of the page."""


def quantity(cell: str) -> float | None:
    """Read a figure as the tables write it; `None` where there is none."""
    found = _QUANTITY.fullmatch(cell)
    return None if found is None else float(found[1].replace(",", "")) * _UNITS[found[2]]


def ratio_of(column: str) -> str:
    """Return by what title a row has the ratio that stands behind a column; in the table all have one title."""
    return f"{column} {TO_THE_BEST_PEER}"


def rows_in(section: str) -> Table:
    """Read the table of a section."""
    lines = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("|")
    ]
    head, _, *rows = lines
    titles = [ratio_of(before) if title == TO_THE_BEST_PEER else title for before, title in pairwise(["", *head])]
    return {row[0]: dict(zip(titles, row, strict=True)) for row in rows}


def targets_table(page: str) -> str:
    """Return a row for each comparison that the page has: what is wanted, what our doors reach, and what they miss."""
    sections = {name: section_of(page, name) for name in TARGETS}
    lines = [_row(*found, TARGETS[name]) for name, found in sections.items() if found is not None]
    head = ["workload", "what we want", *(label.removeprefix("Collab, ") for label in DOORS), ""]
    return "\n".join([line(head), "|---" * len(head) + "|", *lines])


def _row(title: str, section: str, targets: Sequence[Ratio | Limit]) -> str:
    table = rows_in(section)
    found = {label: [target.of(label, table) for target in targets] for label in DOORS}
    wanted = ", ".join(target.wanted for target in targets)
    return line([f"[{title}](#{_anchor(title)})", wanted, *map(_reached, found.values()), _verdict(targets, found)])


def _reached(found: Sequence[Found | None]) -> str:
    return ", ".join("-" if each is None else each.shown for each in found)


def _verdict(targets: Sequence[Ratio | Limit], found: Mapping[str, Sequence[Found | None]]) -> str:
    """Name what is missed, and by which door where not by both."""
    if any(each is None for reached in found.values() for each in reached):
        return "**not measured**"
    missed: list[str] = []
    for number, target in enumerate(targets):
        by = [label for label, reached in found.items() if not (each := reached[number]) or not each.reached]
        if by:
            missed.append(target.name if len(by) == len(found) else f"{target.name} ({by[0].removeprefix('Collab, ')})")
    return f"**missed**: {', '.join(missed)}" if missed else "reached"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def write_targets(page: Path) -> None:
    """Write the section anew from the others of the page."""
    write_section(page, NAME, TITLE, targets_table(page.read_text()))
