"""The page on scaling has every curve, and its examples follow from its numbers and its rule."""

import re
from pathlib import Path
from typing import Final

import pytest

from benchmarks.growth import GROWTH
from collab.settings import Settings

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = (DOCS / "scaling.md").read_text()
UNITS: Final = {"ms": 1e-3, "µs": 1e-6, "B": 1, "kB": 1e3, "MB": 1e6, "%": 1e-2, "": 1}
QUANTITY: Final = re.compile(r"([\d.,]+) ?(ms|µs|kB|MB|B|%|)")
MOST_COMMITS: Final = 1 / Settings().commit_interval


def quantity(cell: str) -> float:
    found = QUANTITY.fullmatch(cell)
    assert found, cell
    return float(found[1].replace(",", "")) * UNITS[found[2]]


def rows_below(title: str) -> list[list[str]]:
    """Return the cells of the table with this head."""
    _, found, rest = PAGE.partition(f"| {title} |")
    assert found
    table, _, _ = rest.partition("\n\n")
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


NUMBERS: Final = {name: quantity(value) for name, value in rows_below("number")}
TEAMS: Final = rows_below("team")


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: team[0])
def test_example_follows_from_the_numbers(team: list[str]) -> None:
    connections, rooms, opened, edits, frames, share, memory = map(quantity, team[1:])
    commits = min(edits, MOST_COMMITS)
    assert share == pytest.approx(
        commits * NUMBERS["commit"] + edits * NUMBERS["edit"] + frames * NUMBERS["frame"], abs=0.006
    )
    assert memory == pytest.approx(
        NUMBERS["base"] + connections * NUMBERS["connection"] + rooms * NUMBERS["room"] + opened * NUMBERS["byte"],
        abs=0.6e6,
    )


def test_page_says_how_many_commits_there_are_at_most() -> None:
    assert f"as edits, and {MOST_COMMITS:g} a second at most (`COLLAB_COMMIT_INTERVAL`)" in PAGE
    assert f"from {MOST_COMMITS:g} a second on they share commits" in PAGE


def test_page_has_examples_for_three_teams() -> None:
    assert len(TEAMS) == 3


@pytest.mark.parametrize("name", GROWTH)
def test_page_has_the_section_and_a_picture_of_each(name: str) -> None:
    _, opening, rest = PAGE.partition(f"<!-- {name}: written by `make bench` -->")
    section, closing, after = rest.partition(f"<!-- /{name} -->")
    assert opening
    assert closing
    assert f"](images/scaling/{name}.svg)" in section
    assert (DOCS / "images" / "scaling" / f"{name}.svg").is_file()
    assert after.strip()
