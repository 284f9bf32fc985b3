"""The whole server in this process, on stock Hypercorn and a real socket."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import anyio
import pytest
from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config
from hypercorn.utils import wrap_app

from collab.app import Collab
from collab.settings import Settings
from collab.storage import migrate

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

SECRET = "0123456789abcdef0123456789abcdef"


class Doors(Protocol):
    """Where a server is, in this process or in one of its own."""

    @property
    def address(self) -> str: ...

    @property
    def sync(self) -> str: ...

    @property
    def hocuspocus(self) -> str: ...


@dataclass(frozen=True)
class Served:
    """A server that runs, and where."""

    app: Collab
    address: str

    @property
    def sync(self) -> str:
        """Where y-websocket clients connect to, without the document's name."""
        return f"ws://{self.address}/sync/"

    @property
    def hocuspocus(self) -> str:
        return f"ws://{self.address}/hocuspocus"


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with our tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("gateways") / "empty.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@asynccontextmanager
async def serving(database: Path, **options: object) -> AsyncIterator[Served]:
    settings = Settings.model_validate({"database_url": f"sqlite:///{database}", **options})
    app, ready, stopping = Collab(settings), anyio.Event(), anyio.Event()
    app.on_ready = ready.set
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.websocket_max_message_size = settings.max_message_bytes
    config.graceful_timeout = 2.0
    config.errorlog = None
    sockets = config.create_sockets()
    host, port = sockets.insecure_sockets[0].getsockname()
    sockets.insecure_sockets[0].listen(100)

    async def stopped() -> None:
        await stopping.wait()
        await app.drain()

    async def run() -> None:
        application = wrap_app(cast("ASGIFramework", app), 0, "asgi")
        await worker_serve(application, config, sockets=sockets, shutdown_trigger=stopped)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await ready.wait()
        try:
            yield Served(app, f"{host}:{port}")
        finally:
            stopping.set()


@pytest.fixture
def serve(migrated_database: Path, tmp_path: Path) -> Serve:
    """Start servers with other settings than the defaults, all on one database."""
    database = tmp_path / "collab.db"
    shutil.copy(migrated_database, database)
    return lambda **options: serving(database, **options)


@pytest.fixture
async def server(serve: Serve) -> AsyncIterator[Served]:
    """A server in open mode."""
    async with serve() as served:
        yield served
