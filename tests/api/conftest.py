"""The API over a real SQLite database and real rooms, called in this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

import httpx
import jwt
import pytest
from pycrdt import Doc, Text
from starlette.types import ASGIApp

from collab.access import access_from
from collab.api import create_api
from collab.hub import Hub
from collab.ports import Authenticator
from collab.settings import Settings
from collab.storage import Storage, migrate, open_storage

SECRET = "0123456789abcdef0123456789abcdef"
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Server:
    """The parts behind the API, for what a test must do beside it."""

    storage: Storage
    hub: Hub
    client: httpx.AsyncClient
    app: ASGIApp


@asynccontextmanager
async def serving(
    directory: Path, settings: Settings, *, editor: Path | None = None, access: Authenticator | None = None
) -> AsyncIterator[Server]:
    """Serve the API from a new database in this directory."""
    url = f"sqlite:///{directory / 'collab.db'}"
    await migrate(url)
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_storage(url))
        hub = await stack.enter_async_context(Hub.running(storage.log, storage.documents, settings))
        app = create_api(
            storage.documents,
            hub,
            access or access_from(settings),
            settings,
            editor_candidates=(editor,) if editor is not None else (),
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=HERE))
        yield Server(storage, hub, client, app)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server in open mode."""
    async with serving(tmp_path, Settings()) as running:
        yield running


@pytest.fixture
def api(server: Server) -> httpx.AsyncClient:
    """A client of a server in open mode."""
    return server.client


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that asks for tokens."""
    async with serving(tmp_path, Settings.model_validate({"secret": SECRET})) as running:
        yield running.client


def bearer(documents: Mapping[str, str] | None = None, *, admin: bool = False) -> dict[str, str]:
    """Return the header with a token that grants these roles."""
    claims = {"sub": "u1", "name": "Ada", "exp": time() + 600, "admin": admin, "documents": documents or {}}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


def text_update(text: str, root: str = "notes") -> bytes:
    """Return a Yjs update that writes a text into a root."""
    doc: Doc[Text] = Doc()
    doc.get(root, type=Text).insert(0, text)
    return doc.get_update()
