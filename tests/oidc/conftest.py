"""Identity providers in processes of their own, and servers that know them."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.clients.packages import install_packages, program
from tests.gateways.serving import migrated_database, serve
from tests.oidc.browser import Browser
from tests.oidc.deployment import PASSWORD, environment
from tests.oidc.process import provider_process
from tests.support.server import RunningServer

__all__ = ["migrated_database", "serve"]

FOLDER: Final = Path(__file__).parent


@pytest.fixture(scope="session")
def provider() -> Iterator[str]:
    """Give the issuer of a certified provider, `oidc-provider`, in Node."""
    install_packages(FOLDER)
    with provider_process(program("node"), str(FOLDER / "provider.mjs")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def hostile() -> Iterator[str]:
    """Give the issuer of a provider that behaves as it is told to."""
    with provider_process(sys.executable, str(FOLDER / "hostile.py")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with accounts of Ada, an admin, and Bob, to be copied."""
    folder = tmp_path_factory.mktemp("accounts")
    for command in (
        ["migrate"],
        ["user", "add", "ada@example.org", "--name", "Ada", "--admin"],
        ["user", "add", "bob@example.org", "--name", "Bob"],
    ):
        program = [sys.executable, "-m", "collab", *command, "--data-dir", str(folder)]
        subprocess.run(program, input=f"{PASSWORD}\n", text=True, capture_output=True, check=True)
    return folder / "collab.db"


@pytest.fixture
def server(provider: str, database: Path, tmp_path: Path) -> Iterator[RunningServer]:
    """A server that knows the provider, with those accounts."""
    shutil.copy(database, tmp_path)
    running = RunningServer.start(tmp_path, environment=environment(provider))
    yield running
    running.kill()


@pytest.fixture
async def browser(server: RunningServer) -> AsyncIterator[Browser]:
    async with Browser(server.url) as opened:
        yield opened
