"""Servers, and processes of clients that meet there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import ClientProcess
from tests.clients.tokens import SECRET
from tests.support.server import RunningServer

_numbers = count(1)


@pytest.fixture
def start_process() -> Iterator[Callable[[], ClientProcess]]:
    """Start processes of real clients; all of them end with the test."""
    with ExitStack() as running:
        yield lambda: running.enter_context(ClientProcess())


@pytest.fixture(scope="session")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in open mode, shared by the tests that keep to their own document."""
    running = RunningServer.start(tmp_path_factory.mktemp("open"))
    yield running
    running.kill()


@pytest.fixture(scope="session")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that asks for tokens, shared by the tests that keep to their own document."""
    running = RunningServer.start(tmp_path_factory.mktemp("closed"), environment={"COLLAB_SECRET": SECRET})
    yield running
    running.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server in open mode that the test may stop, kill and start again."""
    running = RunningServer.start(tmp_path)
    yield running
    running.kill()


@pytest.fixture
def document() -> str:
    """The name of a document that no other test uses."""
    return f"minutes {next(_numbers)}"


@pytest.fixture
def meeting(open_server: RunningServer, start_process: Callable[[], ClientProcess], document: str) -> Meeting:
    """A meeting on a server in open mode."""
    return Meeting(open_server, start_process(), document)


@pytest.fixture
def closed_meeting(closed_server: RunningServer, start_process: Callable[[], ClientProcess], document: str) -> Meeting:
    """A meeting on a server that asks for tokens."""
    return Meeting(closed_server, start_process(), document)


@pytest.fixture
def own_meeting(own_server: RunningServer, start_process: Callable[[], ClientProcess], document: str) -> Meeting:
    """A meeting on a server that the test may stop, kill and start again."""
    return Meeting(own_server, start_process(), document)
