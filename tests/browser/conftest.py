"""Chromium, servers, and people with a window each."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.documents import Documents
from tests.browser.people import People
from tests.clients.tokens import SECRET
from tests.support.server import RunningServer

BUILT_EDITOR = Path(__file__).parents[2] / "web" / "dist" / "index.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    """Return the browser that `COLLAB_TEST_BROWSER` names, else the system's; `None` leaves it to Playwright's own."""
    return os.environ.get("COLLAB_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A Chromium for the tests of this folder. Playwright keeps an event loop going in this thread, where others want to run theirs."""
    if not BUILT_EDITOR.is_file():
        raise RuntimeError(f"{BUILT_EDITOR} is not there: the browser tests need the built editor, run `make build`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server in open mode, shared by the tests that keep to their own documents."""
    running = RunningServer.start(tmp_path_factory.mktemp("open"))
    yield running
    running.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server in open mode for one test, which may kill it."""
    running = RunningServer.start(tmp_path)
    yield running
    running.kill()


@pytest.fixture(scope="package")
def closed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that asks for tokens."""
    running = RunningServer.start(tmp_path_factory.mktemp("closed"), environment={"COLLAB_SECRET": SECRET})
    yield running
    running.kill()


@pytest.fixture
def documents(server: RunningServer) -> Iterator[Documents]:
    """The shared server's documents, by REST."""
    with httpx.Client(base_url=server.url) as client:
        yield Documents(client)


@pytest.fixture
def people(chromium: Browser) -> Iterator[People]:
    """Whoever takes part; their windows close with the test, which fails if one of their pages did."""
    everybody = People(chromium)
    yield everybody
    everybody.leave()
