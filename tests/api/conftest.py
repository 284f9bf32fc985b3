"""The API over a real SQLite database and real rooms, called in this process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import copyfile
from time import monotonic, time
from typing import Protocol

import anyio
import httpx
import jwt
import pytest
from pycrdt import Doc, Text
from starlette.types import ASGIApp

from collab.access import Policy, access_from
from collab.access.passwords import Passwords
from collab.api import Figures, Services, create_api
from collab.hub import Hub
from collab.services import throttle
from collab.services.accounts import accounts_on
from collab.services.audit_trail import AuditTrail
from collab.services.audited_access import AuditedAccess
from collab.services.keys import Keys
from collab.services.live_rights import LiveRights
from collab.services.sharing import Links
from collab.settings import Settings
from collab.storage import Storage, migrate, open_storage

SECRET = "0123456789abcdef0123456789abcdef"
HERE = "http://127.0.0.1:8000"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def long_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have whoever fails too often wait for longer than a password takes to hash on a machine that is busy."""
    monkeypatch.setattr(throttle, "FIRST_DELAY", 300.0)


@dataclass(frozen=True)
class Server:
    """The parts behind the API, for what a test must do beside it."""

    storage: Storage
    hub: Hub
    client: httpx.AsyncClient
    app: ASGIApp
    database: Path


class Serve(Protocol):
    """Serves the API from a new database, or from that of a server that was stopped."""

    def __call__(
        self, settings: Settings, *, editor: Path | None = None, database: Path | None = None
    ) -> AbstractAsyncContextManager[Server]: ...


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables, to be copied."""
    database = tmp_path_factory.mktemp("database") / "collab.db"
    anyio.run(migrate, f"sqlite:///{database}")
    return database


@pytest.fixture
def serve(tmp_path: Path, empty_database: Path) -> Serve:
    """Start servers, each with a database of its own."""
    numbers = count()

    @asynccontextmanager
    async def serving(
        settings: Settings, *, editor: Path | None = None, database: Path | None = None
    ) -> AsyncIterator[Server]:
        database = database or Path(copyfile(empty_database, tmp_path / f"{next(numbers)}.db"))
        async with AsyncExitStack() as stack:
            storage = await stack.enter_async_context(open_storage(f"sqlite:///{database}"))
            hub = await stack.enter_async_context(
                Hub.running(storage.log, storage.documents, storage.versions, settings)
            )
            trail = AuditTrail(storage.audit.add, monotonic)
            access = AuditedAccess(access_from(settings, storage.sessions, storage.keys, storage.links), trail)
            candidates = (editor,) if editor is not None else ()
            services = Services(
                storage.documents,
                hub,
                hub.committer,
                storage.versions,
                storage.authorship,
                access,
                settings.secret is not None,
                accounts_on(storage.accounts, storage.sessions, storage.tickets, settings)
                if settings.accounts
                else None,
                Policy(storage.shares, storage.workspaces),
                storage.shares,
                Links(storage.links, Passwords(), monotonic),
                Keys(storage.keys),
                storage.workspaces,
                storage.audit,
                trail,
                LiveRights(storage.shares, access, hub.deletions),
                settings.max_named_versions,
                Figures(hub.lag, lambda: 0, hub, hub.committer),
            )
            app = create_api(services, settings, editor_candidates=candidates)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=HERE))
            yield Server(storage, hub, client, app, database)

    return serving


@pytest.fixture
async def server(serve: Serve) -> AsyncIterator[Server]:
    """A server in open mode."""
    async with serve(Settings()) as running:
        yield running


@pytest.fixture
def api(server: Server) -> httpx.AsyncClient:
    """A client of a server in open mode."""
    return server.client


@pytest.fixture
async def guarded(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that asks for tokens."""
    async with serve(Settings.model_validate({"secret": SECRET})) as running:
        yield running.client


def bearer(documents: Mapping[str, str] | None = None, *, admin: bool = False, user: str = "u1") -> dict[str, str]:
    """Return the header with a token that grants these roles."""
    claims = {"sub": user, "name": "Ada", "exp": time() + 600, "admin": admin, "documents": documents or {}}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}


def text_update(text: str, root: str = "notes") -> bytes:
    """Return a Yjs update that writes a text into a root."""
    doc: Doc[Text] = Doc()
    doc.get(root, type=Text).insert(0, text)
    return doc.get_update()
