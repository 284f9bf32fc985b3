"""What is told of the reports of pip-audit and npm."""

from typing import Any

import pytest

from tools import known_holes

CLEAN: dict[str, Any] = {"dependencies": [{"name": "anyio", "version": "4.0", "vulns": []}], "fixes": []}
HOLE = {"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": "bad"}
HOLED: dict[str, Any] = {"dependencies": [{"name": "jinja", "version": "2.0", "vulns": [HOLE]}], "fixes": []}
UNASKED: dict[str, Any] = {"dependencies": [{"name": "anyio", "skip_reason": "not found on PyPI"}], "fixes": []}
NPM_CLEAN: dict[str, Any] = {"vulnerabilities": {"a": {"severity": "low", "range": "<1"}}}
NPM_HOLED: dict[str, Any] = {"vulnerabilities": {"b": {"severity": "critical", "range": "<2"}}}
NPM_UNASKED: dict[str, Any] = {"message": "405 Method Not Allowed", "error": {}}


@pytest.mark.parametrize(
    ("python", "npm", "status", "told", "complained"),
    [
        (CLEAN, NPM_CLEAN, 0, "", ""),
        (HOLED, NPM_CLEAN, 1, "", "jinja 2.0: PYSEC-1, fixed in 2.1\n"),
        (CLEAN, NPM_HOLED, 1, "", "b <2: critical\n"),
        (UNASKED, NPM_CLEAN, 0, "PyPI's advisories cannot be asked about 1 of 1 packages\n", ""),
        (None, NPM_UNASKED, 0, "PyPI's advisories cannot be asked\nnpm's advisories cannot be asked\n", ""),
        (HOLED, None, 1, "npm's advisories cannot be asked\n", "jinja 2.0: PYSEC-1, fixed in 2.1\n"),
    ],
)
def test_holes_fail_and_silence_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    python: dict[str, Any] | None,
    npm: dict[str, Any] | None,
    status: int,
    told: str,
    complained: str,
) -> None:
    monkeypatch.setattr(known_holes, "_report", lambda program, *_, **__: npm if program == "npm" else python)

    assert known_holes.main() == status
    assert capsys.readouterr() == (told, complained)


def test_a_command_that_is_not_there_or_says_no_json_reports_nothing() -> None:
    assert known_holes._report("no-such-command") is None
    assert known_holes._report("echo", "hello") is None
    assert known_holes._report("echo", '{"a": 1}') == {"a": 1}
