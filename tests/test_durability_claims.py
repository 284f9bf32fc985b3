"""The tests that the page on durability names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "durability.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROW = re.compile(r"^\|(?!---)(.*)\|$", re.MULTILINE)


def names_in(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED.findall(PAGE.read_text()))))
def test_named_test_exists(file: str, test: str) -> None:
    assert (ROOT / file).is_file()
    assert not test or test in names_in(ROOT / file)


def test_every_promise_names_a_test() -> None:
    rows = [row for row in ROW.findall(PAGE.read_text()) if not row.startswith(" promise")]

    assert len(rows) > 20
    assert [row for row in rows if not NAMED.search(row)] == []
