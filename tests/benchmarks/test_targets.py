"""What is wanted of each comparison stands on the page beside what its tables say, and nothing else."""

from pathlib import Path
from typing import Final

import pytest

from benchmarks.comparisons import COMPARISONS
from benchmarks.report import section_of
from benchmarks.targets import DOORS, NAME, TARGETS, quantity, rows_in, targets_table, write_targets

PAGE: Final = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
COLUMNS: Final = (
    "| server | CPU per 1,000 deliveries | to the best peer | p50 | p99 | to the best peer | runs that count |"
)


def page(*rows: str) -> str:
    table = "\n".join([COLUMNS, "|---" * 7 + "|", *rows])
    begin, end = "<!-- fanout: written by `make bench` -->", "<!-- /fanout -->"
    return f"# Benchmarks\n\n## One room: 20 type, 100 read\n\n{begin}\n\n20 writers.\n\n{table}\n\n{end}\n\n## How\n\nso\n"


def verdicts(*rows: str) -> list[str]:
    (row,) = targets_table(page(*rows)).splitlines()[2:]
    return [cell.strip() for cell in row.strip("|").split("|")][2:]


def row(label: str, cpu: str, p99: str) -> str:
    return f"| {label} | 5.00 ms | {cpu} | 1.0 ms | 4.0 ms | {p99} | 3 of 3 |"


def test_aim_that_both_doors_come_to_is_reached() -> None:
    assert verdicts(row(DOORS[0], "0.70", "1.00"), row(DOORS[1], "0.50", "0.90")) == [
        "CPU 0.70 times, p99 1.00 times",
        "CPU 0.50 times, p99 0.90 times",
        "reached",
    ]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (("0.71", "1.00"), ("0.71", "1.00"), "**missed**: CPU"),
        (("0.71", "1.01"), ("0.70", "1.00"), "**missed**: CPU (y-websocket), p99 (y-websocket)"),
        (("0.70", "1.00"), ("0.70", "1.01"), "**missed**: p99 (Hocuspocus)"),
        (("-", "-"), ("0.70", "1.00"), "**not measured**"),
    ],
)
def test_what_is_missed_is_named(first: tuple[str, str], second: tuple[str, str], verdict: str) -> None:
    assert verdicts(row(DOORS[0], *first), row(DOORS[1], *second))[-1] == verdict


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("6.13 ms", 0.00613),
        ("5,116,078", 5_116_078),
        ("6.7%", 0.067),
        ("117 MiB", 117 * 2**20),
        ("12.9 kB", 12_900),
        ("-", None),
    ],
)
def test_figures_are_read_as_the_tables_write_them(cell: str, found: float | None) -> None:
    assert quantity(cell) == (None if found is None else pytest.approx(found))


@pytest.mark.parametrize("name", TARGETS)
def test_each_aim_is_of_a_comparison_on_the_page_and_of_columns_that_it_has(name: str) -> None:
    found = section_of(PAGE, name)
    assert found is not None
    title, section = found
    assert title == COMPARISONS[name].title
    rows = rows_in(section)
    assert all(target.column in rows[label] for target in TARGETS[name] for label in DOORS)


def test_peers_on_node_alone_are_those_whose_labels_begin_so() -> None:
    (target,) = TARGETS["openings"]
    table = {
        DOORS[0]: {"CPU of the server": "0.10 s"},
        "@hocuspocus/server with SQLite": {"CPU of the server": "0.50 s"},
        "@y/websocket-server, in memory": {"CPU of the server": "-"},
        "pycrdt-websocket, in memory": {"CPU of the server": "0.10 s"},
    }
    found = target.of(DOORS[0], table)
    assert found is not None
    assert (found.shown, found.reached) == ("CPU 0.20 times", True)


def test_page_says_what_its_tables_say() -> None:
    found = section_of(PAGE, NAME)
    assert found is not None
    assert found[1].strip() == targets_table(PAGE)


def test_section_is_written_into_the_page(tmp_path: Path) -> None:
    copy = tmp_path / "benchmarks.md"
    copy.write_text(PAGE.replace("| reached |", "| ? |"))
    write_targets(copy)
    assert copy.read_text() == PAGE
