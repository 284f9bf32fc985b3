"""TLS by Hypercorn: REST over HTTP/1.1 and HTTP/2, both WebSocket dialects over `wss`, and what is said of an unusable certificate."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
import trustme

from collab.access.passwords import Passwords
from collab.storage import migrate, open_storage
from tests.gateways.clients import HocuspocusClient, YWebsocketClient, joining
from tests.support.certificates import Files
from tests.support.heard import LetIn, Update
from tests.support.peers import Peer, text_of
from tests.support.server import RunningServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files.made_in(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer.start(tmp_path_factory.mktemp("served"), environment=files.settings)
    yield running
    running.kill()


@pytest.mark.parametrize(("http2", "version"), [(False, "HTTP/1.1"), (True, "HTTP/2")])
async def test_rest_is_served_by_tls(server: RunningServer, files: Files, *, http2: bool, version: str) -> None:
    assert server.url.startswith("https://")
    async with httpx.AsyncClient(base_url=server.url, verify=files.trusting, http2=http2) as client:
        created = await client.post("/api/v1/documents", json={"name": f"over-{http2}"})
        read = await client.get(f"/api/v1/documents/over-{http2}")
        page = await client.get("/")

    assert (created.status_code, read.status_code, page.status_code) == (201, 200, 200)
    assert {answer.http_version for answer in (created, read, page)} == {version}
    assert page.headers["Strict-Transport-Security"]


async def test_both_dialects_meet_in_a_document_over_wss(server: RunningServer, files: Files) -> None:
    peer = Peer(1)
    async with (
        joining(server.hocuspocus, ssl=files.trusting) as first,
        joining(server.sync + "plan", ssl=files.trusting) as second,
    ):
        hocuspocus, ywebsocket = HocuspocusClient(first), YWebsocketClient(second)
        await hocuspocus.authenticate("plan")
        await hocuspocus.until(LetIn, "plan")
        await ywebsocket.sync()
        await hocuspocus.update(peer.type("by TLS"), "plan")
        while text_of(*ywebsocket.content) != "by TLS":
            await ywebsocket.until(Update)


async def test_large_messages_pass_in_both_directions(server: RunningServer, files: Files) -> None:
    """Larger than one record of TLS, and than what a socket takes at once."""
    text = "x" * 3_000_000
    async with joining(server.sync + "large", ssl=files.trusting) as connection:
        client = YWebsocketClient(connection)
        await client.sync()
        await client.update(Peer(1).type(text))
    async with joining(server.sync + "large", ssl=files.trusting) as connection:
        assert await YWebsocketClient(connection).sync() == text


async def test_who_does_not_speak_tls_gets_nothing_and_harms_nobody(server: RunningServer, files: Files) -> None:
    host, port = server.address.split(":")
    for first in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\x00" * 600, b""):
        async with await anyio.connect_tcp(host, int(port)) as plain:
            await plain.send(first) if first else await plain.send_eof()
            with anyio.fail_after(20):
                heard = await received(plain)
            assert b"HTTP/" not in heard
    async with httpx.AsyncClient(base_url=server.url, verify=files.trusting) as client:
        assert (await client.get("/healthz")).status_code == 200
    assert not any("Traceback" in line or "Error" in line for line in server.output)


async def received(stream: anyio.abc.ByteStream) -> bytes:
    heard = b""
    try:
        while True:
            heard += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return heard


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_old_versions_of_tls_are_refused(server: RunningServer, version: str) -> None:
    asked = ["openssl", "s_client", f"-{version}", "-cipher", "DEFAULT:@SECLEVEL=0", "-connect", server.address]
    newer = ["openssl", "s_client", "-tls1_2", "-connect", server.address]

    refused, taken = (
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=30)
        for command in (asked, newer)
    )

    assert "Cipher is (NONE)" in refused.stdout
    assert "Cipher is ECDHE" in taken.stdout


async def migrated(directory: Path) -> str:
    url = f"sqlite:///{directory}/collab.db"
    await migrate(url)
    return url


async def test_session_cookie_is_for_tls_alone(files: Files, tmp_path: Path) -> None:
    environment = {**files.settings, "COLLAB_ACCOUNTS": "true"}
    async with open_storage(await migrated(tmp_path)) as storage:
        kept = await Passwords().hash(PASSWORD)
        await storage.accounts.create(email="ada@example.com", name="Ada", password_hash=kept, admin=True)
    server = await anyio.to_thread.run_sync(lambda: RunningServer.start(tmp_path, environment=environment))
    try:
        async with httpx.AsyncClient(base_url=server.url, verify=files.trusting) as client:
            answer = await client.post(
                "/api/v1/session",
                json={"email": "ada@example.com", "password": PASSWORD},
                headers={"Origin": server.url},
            )
    finally:
        server.kill()

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "; Secure" in cookie


UNUSABLE = [
    ("certificate alone", ("--certfile", "{certfile}"), "COLLAB_CERTFILE came without COLLAB_KEYFILE"),
    ("key alone", ("--keyfile", "{keyfile}"), "COLLAB_KEYFILE came without COLLAB_CERTFILE"),
    ("no file", ("--certfile", "missing.pem", "--keyfile", "{keyfile}"), "cannot read 'missing.pem' (COLLAB_CERTFILE)"),
    (
        "swapped",
        ("--certfile", "{keyfile}", "--keyfile", "{certfile}"),
        "expected a certificate and its private key in PEM",
    ),
    (
        "other key",
        ("--certfile", "{certfile}", "--keyfile", "{other}"),
        "expected a certificate and its private key in PEM",
    ),
    ("with a password", ("--certfile", "{certfile}", "--keyfile", "{locked}"), "the key without a password"),
]


@pytest.mark.parametrize(
    ("arguments", "complaint"), [each[1:] for each in UNUSABLE], ids=[each[0] for each in UNUSABLE]
)
def test_unusable_certificate_is_told_in_a_line(
    files: Files, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    other, locked = tmp_path / "other.pem", tmp_path / "locked.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path(other)
    locked.write_bytes(with_password(files.keyfile.read_bytes()))
    places = {"certfile": files.certfile, "keyfile": files.keyfile, "other": other, "locked": locked}
    given = [argument.format_map(places) for argument in arguments]

    ended = subprocess.run(
        [sys.executable, "-m", "collab", "serve", "--bind", "127.0.0.1:0", *given],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )

    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert ended.stderr.count("\n") == 1


def with_password(key: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(key, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
