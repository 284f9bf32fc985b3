"""One server for all attacks, and a live room on it for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.gateways.serving import SECRET
from tests.hostile.live import LiveRoom
from tests.support.server import RunningServer

LIMITS = {
    "COLLAB_AUTHENTICATION_TIMEOUT": "1",
    "COLLAB_BODY_TIMEOUT": "4",
    "COLLAB_COMMIT_INTERVAL": "0",
    "COLLAB_MAX_BODIES_BYTES": "8388608",
    "COLLAB_MAX_DOCUMENTS_PER_CONNECTION": "8",
    "COLLAB_MAX_CONNECTIONS": "100",
    "COLLAB_MAX_HALF_READ_BYTES": "8388608",
    "COLLAB_MAX_PENDING_BYTES": "131072",
    "COLLAB_MAX_MESSAGE_BYTES": "4194304",
    "COLLAB_OUTBOX_BYTES": "65536",
    "COLLAB_STUCK_TIMEOUT": "1",
}
"""Smaller or sooner than the defaults, so that they are reached soon."""


@pytest.fixture(scope="package")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="package")
def hostile_server(data_directory: Path) -> Iterator[RunningServer]:
    """A server that asks for tokens, and lives through everything."""
    server = RunningServer.start(data_directory, environment={"COLLAB_SECRET": SECRET, **LIMITS})
    yield server
    assert server.terminate() == 0
    output = "".join(server.output)
    assert "Traceback" not in output, output[output.find("Traceback") :][:3000]


@pytest.fixture
async def live(hostile_server: RunningServer, data_directory: Path) -> AsyncIterator[LiveRoom]:
    """A room in which two people edit."""
    async with LiveRoom.opened(hostile_server, data_directory / "collab.db") as room:
        yield room


@pytest.fixture(scope="package")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in open mode."""
    server = RunningServer.start(tmp_path_factory.mktemp("open"))
    yield server
    assert server.terminate() == 0


@pytest.fixture
async def open_live(open_server: RunningServer) -> AsyncIterator[LiveRoom]:
    """A room in which two guests edit."""
    async with LiveRoom.opened(open_server, open_server.data_dir / "collab.db") as room:
        yield room
