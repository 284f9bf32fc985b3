"""The tests that the pages name exist, and each promise names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROMISING = ("durability", "authorship", "pycrdt-websocket", "limits", "web-security", "security", "single-sign-on")
PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in PROMISING}
OTHERS = [(ROOT / "docs" / f"{name}.md").read_text() for name in ("architecture", "benchmarks")]
"""Pages that name tests, and promise nothing row by row."""

HEADS = (" promise", " attack", " rule", " somebody who may write", " there ", " limit ")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROW = re.compile(r"^\|(?!---)(.*)\|$", re.MULTILINE)


def names_in(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize(
    ("file", "test"), sorted({named for page in (*PAGES.values(), *OTHERS) for named in NAMED.findall(page)})
)
def test_named_test_exists(file: str, test: str) -> None:
    assert (ROOT / file).is_file()
    assert not test or test in names_in(ROOT / file)


@pytest.mark.parametrize("name", PAGES)
def test_every_promise_names_a_test(name: str) -> None:
    rows = [row for row in ROW.findall(PAGES[name]) if not row.startswith(HEADS)]

    assert len(rows) > 5
    assert [row for row in rows if not NAMED.search(row)] == []
