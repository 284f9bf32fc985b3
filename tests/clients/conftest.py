"""The npm packages, the server, and processes of clients."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.process import FOLDER, ClientProcess
from tests.support.server import RunningServer

_LOCK = FOLDER / "package-lock.json"
_STAMP = FOLDER / "node_modules" / ".installed"


@pytest.fixture(scope="session")
def npm_packages() -> None:
    """Install the clients when they are missing, or older than the lock."""
    if _STAMP.exists() and _STAMP.stat().st_mtime >= _LOCK.stat().st_mtime:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("no `npm` was found; the client tests need Node 20 or newer, with npm")
    subprocess.run(
        [npm, "ci", "--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER,
        check=True,
    )
    _STAMP.touch()


@pytest.fixture
def start_process(npm_packages: None) -> Iterator[Callable[[], ClientProcess]]:
    """Start processes of real clients; all of them end with the test."""
    with ExitStack() as running:
        yield lambda: running.enter_context(ClientProcess())


@pytest.fixture
def process(start_process: Callable[[], ClientProcess]) -> ClientProcess:
    """A process of real clients."""
    return start_process()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server in open mode."""
    running = RunningServer.start(tmp_path)
    yield running
    running.kill()
