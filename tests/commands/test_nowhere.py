"""Commands that are pointed at a place where no database is: they say so, and make none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from collab.cli import app

COMMANDS = {
    "check": [],
    "compact": [],
    "cut": ["notes", "1"],
    "export": ["out"],
    "backup": ["copy.db"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_finds_no_database_makes_none(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, [command, *COMMANDS[command], "--data-dir", "typo"])
    assert answer.exit_code == 1, answer.output
    assert "there is no database typo/collab.db" in " ".join(answer.output.split())
    assert list(tmp_path.iterdir()) == []
