"""Sockets on which nothing comes, too little, too early, or something else than HTTP: each ends in bounded time."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import anyio
import httpx
import psutil
import pytest

from collab.serving import HEAD_BYTES, _find_out_who_is_gone
from tests.gateways.clients import DEADLINE
from tests.hostile.live import LiveRoom
from tests.hostile.test_bodies import LARGEST, head
from tests.hostile.test_resources import answer_of, opened_socket, upgrade_request
from tests.support.answers import parsed
from tests.support.eventually import eventually
from tests.support.peers import Peer
from tests.support.server import RunningServer

CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(200)

BYTES = {"content-type": "application/octet-stream", "accept": "application/octet-stream"}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that takes peers that give no sign of life for gone after a second."""
    server = RunningServer.start(tmp_path_factory.mktemp("impatient"), environment={"COLLAB_PEER_TIMEOUT": "1"})
    yield server
    assert server.terminate() == 0
    assert "Traceback" not in "".join(server.output)


def held_by(server: RunningServer) -> int:
    """Return how many connections the server's process holds on to."""
    connections = psutil.Process(server.pid).net_connections("tcp")
    return sum(each.status != psutil.CONN_LISTEN for each in connections)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"GET /healthz HT", b"", id="half a line"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\r\n", b"", id="half a head"),
        pytest.param(CLIENT_HELLO, b"HTTP/1.1 400", id="TLS"),
        pytest.param(b"\r\n\r\n\x00\x01\x02", b"HTTP/1.1 400", id="junk"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"y" * HEAD_BYTES, b"HTTP/1.1 431", id="a head without end"),
    ],
)
async def test_what_is_no_request_is_ended(live: LiveRoom, sent: bytes, answer: bytes) -> None:
    async with live.attacked(), await opened_socket(live, sent) as stream:
        answered = await answer_of(stream)

    assert answered[:12] == answer


@pytest.mark.parametrize("door", ["sync", "hocuspocus", "nowhere"])
@pytest.mark.parametrize("extra", ["", "Content-Length: 8\r\n"], ids=["frame", "body"])
async def test_bytes_before_the_upgrade_is_answered_are_answered_400_and_nothing_else(
    live: LiveRoom, door: str, extra: str
) -> None:
    path = f"/sync/{live.name.replace(' ', '%20')}?token={live.token()}" if door == "sync" else f"/{door}"
    question = b"\x82\x84" + bytes(4) + b"\x00\x00\x01\x00"
    async with live.attacked(), await opened_socket(live, upgrade_request(live, path, extra) + question) as stream:
        answer = parsed(await answer_of(stream))

    assert (answer.status_code, answer.content) == (400, b"")
    assert answer.headers["connection"] == "close"


async def test_whoever_sends_on_after_an_early_frame_is_cut_off(live: LiveRoom) -> None:
    async with live.attacked(), await opened_socket(live, upgrade_request(live, "/hocuspocus") + b"\x82\x80") as stream:

        async def go_on() -> None:
            with suppress(anyio.BrokenResourceError):
                while True:
                    await stream.send(bytes(1000))
                    await anyio.sleep(0.05)

        with anyio.fail_after(DEADLINE):
            await go_on()


async def test_body_that_is_too_large_is_read_on_until_its_sender_has_the_answer(live: LiveRoom) -> None:
    """One that sends everything before it reads; and the connection goes on after that."""
    size = LARGEST + 1_000_000
    async with live.attacked(), await opened_socket(live, head(live, f"Content-Length: {size}")) as stream:
        await stream.send(bytes(size))
        answer = b""
        with anyio.fail_after(DEADLINE):
            while b"the most that is taken" not in answer:
                answer += await stream.receive()
            await stream.send(f"GET /healthz HTTP/1.1\r\nHost: {live.server.address}\r\n\r\n".encode())
            answer = await stream.receive()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_body_that_has_no_end_is_read_on_within_bounds(live: LiveRoom) -> None:
    sent = 0
    endless = head(live, f"Content-Length: {10**12}")
    async with live.attacked(), await opened_socket(live, endless) as stream:
        with anyio.fail_after(DEADLINE), suppress(anyio.BrokenResourceError):
            while True:
                await stream.send(bytes(100_000))
                sent += 100_000

    assert sent < 2 * LARGEST + 20_000_000, "what the system buffers is all that may come on top"


async def test_body_of_a_request_that_has_none_holds_nothing(live: LiveRoom) -> None:
    request = f"GET /api/v1/session HTTP/1.1\r\nHost: {live.server.address}\r\nContent-Length: 1000\r\n\r\n "
    async with live.attacked(), await opened_socket(live, request.encode()) as stream:
        answer = parsed(await answer_of(stream))

    assert answer.status_code == 401


async def test_client_that_does_not_read_its_answer_is_disconnected(impatient: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=impatient.url, timeout=DEADLINE) as client:
        await client.post("/api/v1/documents", json={"name": "large", "kind": "yjs"})
        for number in range(3):
            update = Peer(number + 1).edit(lambda peer: peer.map.update({str(peer.client_id): "x" * 5_000_000}))
            written = await client.post("/api/v1/documents/large/content", content=update, headers=BYTES)
            assert written.status_code == 204
    await eventually(lambda: held_by(impatient) == 0)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = impatient.address.split(":")
        deaf.connect((host, int(port)))
        deaf.sendall(
            f"GET /api/v1/documents/large/content HTTP/1.1\r\nHost: {host}\r\nAccept: {BYTES['accept']}\r\n\r\n".encode()
        )
        await eventually(lambda: held_by(impatient) == 1)
        await eventually(lambda: held_by(impatient) == 0)


def test_connections_are_asked_for_signs_of_life_by_the_system() -> None:
    """Those that say nothing, as one does that waits for the answer of a machine that has lost its power."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _find_out_who_is_gone(listening, 60.0)
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
