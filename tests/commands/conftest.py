"""The databases of the contract suites, and the real command."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.databases import (
    anyio_backend,
    database,
    database_url,
    migrated_postgres_url,
    migrated_sqlite_file,
    postgres_server,
    postgres_url,
    sqlite_url,
    storage,
)

__all__ = [
    "anyio_backend",
    "database",
    "database_url",
    "migrated_postgres_url",
    "migrated_sqlite_file",
    "postgres_server",
    "postgres_url",
    "sqlite_url",
    "storage",
]

Collab = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def collab(tmp_path: Path) -> Collab:
    """Run the command in a directory of its own, and return what came of it."""

    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "collab", *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
