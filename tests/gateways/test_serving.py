"""The server process: how it ends, and what it says when it cannot start."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import pytest

from collab.app import Collab
from collab.errors import CollabError
from collab.gateways.wires import AsgiMessage
from collab.hub.committer import Committer
from collab.serving import serve_until_stopped
from collab.settings import Settings
from tests.gateways.clients import HocuspocusClient, joining
from tests.support.heard import LetIn, Status
from tests.support.peers import Peer
from tests.support.server import RunningServer


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer.start(tmp_path)
    yield server
    server.kill()


async def test_sigterm_tells_clients_to_come_back_exits_0_and_everything_is_saved(running: RunningServer) -> None:
    async with joining(running.websocket_url + "/hocuspocus") as connection:
        client, peer = HocuspocusClient(connection), Peer(1)
        await client.authenticate()
        await client.until(LetIn)
        for _ in range(50):
            await client.update(peer.type("x"))
        statuses = [await client.until(Status) for _ in range(50)]

        exit_code = await anyio.to_thread.run_sync(running.terminate)

        assert statuses == [Status(saved=True)] * 50
        assert await client.ending() == (1012, "the server is going down; come back in a moment")
        assert exit_code == 0
    running.restart()
    async with joining(running.websocket_url + "/hocuspocus") as connection:
        client = HocuspocusClient(connection)
        await client.authenticate()
        assert await client.sync() == "x" * 50


async def test_sigterm_without_clients_exits_0(running: RunningServer) -> None:
    assert await anyio.to_thread.run_sync(running.terminate) == 0


async def test_what_was_acknowledged_survives_sigkill(running: RunningServer) -> None:
    async with joining(running.websocket_url + "/hocuspocus") as connection:
        client, peer = HocuspocusClient(connection), Peer(1)
        await client.authenticate()
        await client.update(peer.type("kept"))
        await client.until(Status)
        running.kill()
    running.restart()

    async with joining(running.websocket_url + "/hocuspocus") as connection:
        client = HocuspocusClient(connection)
        await client.authenticate()
        assert await client.sync() == "kept"


async def test_failure_behind_the_application_stops_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that went on would take edits and never save one."""
    serving, failing = anyio.Event(), anyio.Event()

    async def fail(_: Committer) -> None:
        await failing.wait()
        raise RuntimeError("a bug")

    def welcome(address: str, *, open_mode: bool, database: str) -> None:
        serving.set()

    monkeypatch.setattr(Committer, "run", fail)
    settings = Settings.model_validate({"bind": "127.0.0.1:0", "data_dir": tmp_path, "drain_timeout": 0.1})
    errors: list[CollabError] = []

    async def serve() -> None:
        with pytest.raises(CollabError, match="the server failed and has stopped") as raised:
            await serve_until_stopped(settings, welcome)
        errors.append(raised.value)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            await serving.wait()
            failing.set()

    assert len(errors) == 1


@pytest.mark.parametrize(
    ("is_there", "said"), [(True, "`collab migrate` makes them"), (False, "`collab migrate` makes one")]
)
async def test_application_without_tables_or_database_says_what_makes_them(
    tmp_path: Path, is_there: bool, said: str
) -> None:
    if is_there:
        (tmp_path / "collab.db").touch()
    sent: list[AsgiMessage] = []

    async def receive() -> AsgiMessage:
        return {"type": "lifespan.startup"}

    async def send(message: AsgiMessage) -> None:
        sent.append(message)

    await Collab(Settings.model_validate({"data_dir": tmp_path}))({"type": "lifespan"}, receive, send)

    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert said in sent[0]["message"]


async def test_start_that_fails_for_an_unforeseen_reason_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypercorn would go on without an application, and answer everything with 500."""

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("collab.app.create_api", fail)
    settings = Settings.model_validate({"bind": "127.0.0.1:0", "data_dir": tmp_path})

    with anyio.fail_after(20), pytest.raises(CollabError, match="could not start; its log says why"):
        await serve_until_stopped(settings, lambda address, *, open_mode, database: None)


def run(*arguments: str, environment: Mapping[str, str] | None = None, directory: Path) -> tuple[int, str]:
    """Run `collab` to its end; return its exit code and what it wrote to standard error."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COLLAB_")}
    done = subprocess.run(
        [sys.executable, "-m", "collab", *arguments],
        env={**inherited, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", **(environment or {})},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def assert_one_clear_line(code: int, said: str, *words: str) -> None:
    assert code != 0
    assert said.count("\n") == 1, said
    assert said.startswith("error: "), said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


def test_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"

        code, said = run("serve", "--bind", bind, directory=tmp_path)

    assert_one_clear_line(code, said, bind, "in use", "expected a free address")


@pytest.mark.parametrize("bind", ["127.0.0.1:notaport", "127.0.0.1:99999", "nowhere.invalid:8000", "[/]:1", "[::1", ""])
def test_malformed_bind_is_one_clear_line(tmp_path: Path, bind: str) -> None:
    code, said = run("serve", "--bind", bind, directory=tmp_path)

    assert_one_clear_line(code, said)


@pytest.mark.parametrize("bind", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"])
def test_address_beyond_loopback_without_a_secret_is_one_clear_line(tmp_path: Path, bind: str) -> None:
    code, said = run("serve", "--bind", bind, directory=tmp_path)

    assert_one_clear_line(code, said, bind, "COLLAB_SECRET", "loopback")


def test_secret_that_is_too_short_is_one_clear_line_without_the_secret(tmp_path: Path) -> None:
    code, said = run("serve", environment={"COLLAB_SECRET": "hunter2"}, directory=tmp_path)

    assert_one_clear_line(code, said, "COLLAB_SECRET is 7 bytes long; expected 32 or more")
    assert "hunter2" not in said


def test_database_that_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "collab.db").write_bytes(b"this is no database, but a file of somebody else's\n" * 100)

    code, said = run("serve", "--bind", "127.0.0.1:0", "--data-dir", str(tmp_path), directory=tmp_path)

    assert_one_clear_line(code, said, "collab.db")


def test_directory_in_the_place_of_the_database_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "collab.db").mkdir()

    code, said = run("serve", "--bind", "127.0.0.1:0", "--data-dir", str(tmp_path), directory=tmp_path)

    assert_one_clear_line(code, said, "is a directory; expected a file")


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense", "postgresql://127.0.0.1:1/collab"])
def test_database_url_that_cannot_be_used_is_one_clear_line(tmp_path: Path, url: str) -> None:
    code, said = run("serve", "--bind", "127.0.0.1:0", "--database-url", url, directory=tmp_path)

    assert_one_clear_line(code, said)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COLLAB_MAX_CONNECTIONS", "many"),
        ("COLLAB_OUTBOX_BYTES", "-1"),
        ("COLLAB_LOG_LEVEL", "loud"),
        ("COLLAB_PEER_TIMEOUT", "0"),
    ],
)
def test_wrong_value_of_an_option_is_one_clear_line(tmp_path: Path, variable: str, value: str) -> None:
    code, said = run("serve", environment={variable: value}, directory=tmp_path)

    assert_one_clear_line(code, said, variable, value)


def test_unknown_option_is_refused_without_a_traceback(tmp_path: Path) -> None:
    code, said = run("serve", "--colour", "red", directory=tmp_path)

    assert code == 2
    assert "No such option: --colour" in said
    assert "Traceback" not in said


def test_token_without_a_secret_is_one_clear_line(tmp_path: Path) -> None:
    code, said = run("token", "ada", directory=tmp_path)

    assert_one_clear_line(code, said, "COLLAB_SECRET is not set")


def test_misspelt_variable_is_told_and_does_not_stop_the_start(tmp_path: Path) -> None:
    server = RunningServer.start(tmp_path, environment={"COLLAB_IDLE_TIMEOT": "5"})
    server.kill()

    assert "warning: COLLAB_IDLE_TIMEOT is no setting; was COLLAB_IDLE_TIMEOUT meant?\n" in server.output
