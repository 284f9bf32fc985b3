"""Asks the advisories of PyPI and npm whether what Collab depends on has known holes: `python -m tools.known_holes`.

Exits with 1 where something has. Advisories that cannot be asked, as on a machine that reaches a mirror of packages alone, are told of, and
are no failure: what is installed is pinned, and is asked about again the next time.
Sources: https://github.com/pypa/pip-audit, https://docs.npmjs.com/cli/commands/npm-audit.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parent.parent
_PINNED: Final = _ROOT / "constraints.txt"
_SHIPPED: Final = _ROOT / "web"
"""The one place from which npm's packages reach users."""

_TOO_BAD: Final = ("high", "critical")
_SECONDS: Final = 120


def python_holes(report: dict[str, Any]) -> Iterator[str]:
    """Give a line for each hole that pip-audit reports."""
    for package in report["dependencies"]:
        for hole in package.get("vulns", ()):
            fixed = ", ".join(hole["fix_versions"]) or "nothing yet"
            yield f"{package['name']} {package['version']}: {hole['id']}, fixed in {fixed}"


def python_unasked(report: dict[str, Any]) -> int:
    """Count the packages about which nothing could be asked."""
    return sum("skip_reason" in package for package in report["dependencies"])


def npm_holes(report: dict[str, Any]) -> Iterator[str]:
    """Give a line for each package with a hole that is bad enough, as npm reports it."""
    for name, found in report.get("vulnerabilities", {}).items():
        if found["severity"] in _TOO_BAD:
            yield f"{name} {found['range']}: {found['severity']}"


def _report(*command: str, directory: Path = _ROOT) -> dict[str, Any] | None:
    """Return what a command writes as JSON; `None` where it writes none, or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory, timeout=_SECONDS)
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return found


def main() -> int:
    """Ask, and tell; return the exit status."""
    options = ("--format", "json", "--no-deps", "--disable-pip", "--progress-spinner", "off")
    python = _report(sys.executable, "-m", "pip_audit", "--requirement", str(_PINNED), *options)
    npm = _report("npm", "audit", "--json", "--omit", "dev", directory=_SHIPPED)
    holes: list[str] = []
    if python is None:
        print("PyPI's advisories cannot be asked")
    else:
        holes += python_holes(python)
        if unasked := python_unasked(python):
            print(f"PyPI's advisories cannot be asked about {unasked} of {len(python['dependencies'])} packages")
    if npm is None or "vulnerabilities" not in npm:
        print("npm's advisories cannot be asked")
    else:
        holes += npm_holes(npm)
    for hole in holes:
        print(hole, file=sys.stderr)
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
