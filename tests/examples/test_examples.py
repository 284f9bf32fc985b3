"""The examples of the documentation run as they stand, against a server of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.clients.packages import install_packages
from tests.gateways.clients import token_for, y_websocket
from tests.gateways.serving import SECRET
from tests.oidc.browser import Browser, refusal
from tests.support.peers import Peer
from tests.support.server import STARTED, RunningServer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
OIDC = ROOT / "tests/oidc"
PLAN = "team/plan"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that takes tokens."""
    running = RunningServer.start(tmp_path, environment={"COLLAB_SECRET": SECRET})
    yield running
    running.kill()


@pytest.fixture
def host_application(server: RunningServer) -> Iterator[str]:
    """The host application with its own login, and where it is."""
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / "own_login.py"), "0", server.url],
        env={**os.environ, "COLLAB_SECRET": SECRET},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().split()[-1]}"
        process.kill()


async def test_own_login_leads_into_documents(server: RunningServer, host_application: str) -> None:
    async with httpx.AsyncClient(base_url=host_application) as client:
        stranger = await client.get("/token", params={"document": PLAN})
        not_theirs = await client.get(
            "/token", params={"document": "other"}, headers={"Cookie": "session=session-of-ada"}
        )
        tokens = {
            user: (
                await client.get("/token", params={"document": PLAN}, headers={"Cookie": f"session=session-of-{user}"})
            ).json()["token"]
            for user in ("ada", "bob")
        }
        opened = await client.get("/open", params={"document": PLAN}, headers={"Cookie": "session=session-of-ada"})

    assert (stranger.status_code, not_theirs.status_code) == (403, 403)
    assert opened.headers["Location"].startswith(f"{server.url}/d/{PLAN}#token=")
    async with y_websocket(server, PLAN, tokens["ada"]) as ada:
        await ada.update(Peer(1).type("by Ada"))
        assert await ada.sync() == "by Ada"
    async with y_websocket(server, PLAN, tokens["bob"]) as bob:
        await bob.update(Peer(2).type("by Bob"))
        assert await bob.sync() == "by Ada"
    with pytest.raises(InvalidStatus, match="403"):
        async with y_websocket(server, "other", tokens["ada"]):
            pass


@pytest.fixture
def single_sign_on(tmp_path: Path) -> Iterator[str]:
    """Collab that sends people to a provider on this machine, and where it is; Ctrl-C ends both."""
    install_packages(OIDC)
    others = {name: value for name, value in os.environ.items() if not name.startswith("COLLAB_")}
    with subprocess.Popen(
        [sys.executable, str(EXAMPLES / "single_sign_on.py"), "0"],
        cwd=tmp_path,
        env={**others, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield next(started[1] for line in process.stdout if (started := STARTED.search(line)))
        finally:
            os.killpg(process.pid, signal.SIGINT)
    assert process.returncode == 0


async def test_single_sign_on_lets_in_whom_the_provider_vouches_for(single_sign_on: str) -> None:
    async with Browser(single_sign_on) as ada, Browser(single_sign_on) as eve:
        came_back = await ada.sign_in("ada", f"/d/{PLAN}")
        name = await ada.name()
        refused = refusal(await eve.sign_in("eve"))

    assert (came_back.headers["Location"], name) == (f"/d/{PLAN}", "Ada Lovelace")
    assert refused == "no-account"


async def test_program_with_a_key_sees_what_the_key_lets_it_see(server: RunningServer) -> None:
    added = subprocess.run(  # noqa: ASYNC221 - a command of a second
        [
            sys.executable,
            "-m",
            "collab",
            "key",
            "add",
            "Nightly report",
            "--documents",
            "team/*=reader",
            "--data-dir",
            server.data_dir,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    key = re.search(r"ck_\S+", added.stdout)
    assert key is not None
    assert added.stdout[-47:].strip() == key[0], "the example takes the key from the end of what the command says"
    async with httpx.AsyncClient(base_url=server.url) as client:
        client.headers["Authorization"] = f"Bearer {token_for({'*': 'owner'})}"
        for name in (PLAN, "private"):
            (await client.post("/api/v1/documents", json={"name": name, "kind": "yjs"})).raise_for_status()
            content = await client.post(
                f"/api/v1/documents/{name.replace('/', '%2F')}/content",
                content=Peer(1).type("twelve chars"),
                headers={"Content-Type": "application/octet-stream"},
            )
            content.raise_for_status()

    said = subprocess.run(  # noqa: ASYNC221 - a program of a second
        [sys.executable, str(EXAMPLES / "nightly_report.py"), server.url],
        env={**os.environ, "COLLAB_KEY": key[0]},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == f"{PLAN}: 12 characters\n"
