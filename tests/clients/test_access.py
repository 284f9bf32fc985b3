"""Who may do what, as real clients come to know it: open mode, and tokens that are right, wrong, expired or a reader's."""

import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, Y_WEBSOCKET_VERSIONS, Client, ClientProcess, endpoint
from tests.support.server import RunningServer

SECRET = "a secret of at least thirty-two bytes"
DOCUMENT = "minutes"

EACH_HOCUSPOCUS = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
WAYS_TO_RETRY = [("hocuspocus-v2", "connect")] + [
    (version, way) for version in ("hocuspocus-v3", "hocuspocus-v4") for way in ("attach", "token")
]


def token(role: str = "editor", *, name: str = "Ada", expires_in: float = 3600, secret: str = SECRET) -> str:
    """Sign an access token as an application's login does."""
    claims = {"sub": name.lower(), "name": name, "exp": int(time.time() + expires_in), "documents": {DOCUMENT: role}}
    return jwt.encode(claims, secret, algorithm="HS256")


REFUSED_TOKENS = {
    "not a token": "nonsense",
    "another secret": token(secret="another secret, as long as the first one"),
    "expired": token(expires_in=-60),
}
EACH_REFUSED_TOKEN = pytest.mark.parametrize("refused", REFUSED_TOKENS.values(), ids=REFUSED_TOKENS.keys())


@pytest.fixture
def closed_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that asks for tokens."""
    running = RunningServer.start(tmp_path, environment={"COLLAB_SECRET": SECRET})
    yield running
    running.kill()


def join(
    process: ClientProcess, server: RunningServer, version: str, name: str = "client", **options: object
) -> Client:
    return process.join(name, version, endpoint(version, server.websocket_url), DOCUMENT, **options)


@pytest.mark.parametrize("version", VERSIONS)
def test_guest_without_a_token_edits_in_open_mode(version: str, process: ClientProcess, server: RunningServer) -> None:
    guest = join(process, server, version)
    other = join(process, server, "y-websocket-v3", "other")
    for client in (guest, other):
        client.until(synced=True)

    guest.insert(0, "typed by a guest")

    other.until(text="typed by a guest")


@pytest.mark.parametrize("version", VERSIONS)
def test_tokens_are_not_looked_at_in_open_mode(version: str, process: ClientProcess, server: RunningServer) -> None:
    guest = join(process, server, version, token="whatever")

    guest.until(synced=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_editor_edits(version: str, process: ClientProcess, closed_server: RunningServer) -> None:
    editor = join(process, closed_server, version, token=token("editor"))
    reader = join(process, closed_server, "hocuspocus-v4", "reader", token=token("reader", name="Grace"))
    for client in (editor, reader):
        client.until(synced=True)

    editor.insert(0, "typed by an editor")

    reader.until(text="typed by an editor")


@EACH_HOCUSPOCUS
def test_editor_is_told_that_it_may_write(version: str, process: ClientProcess, closed_server: RunningServer) -> None:
    editor = join(process, closed_server, version, token=token("editor"))

    editor.until(synced=True, unsynced=0, scopes=["read-write"], denials=[])


@EACH_REFUSED_TOKEN
@EACH_HOCUSPOCUS
def test_hocuspocus_client_with_a_refused_token_is_denied(
    version: str, refused: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    write_minutes(process, closed_server)

    stranger = join(process, closed_server, version, token=refused)

    state = stranger.until(denied=True)
    assert (state["text"], state["synced"], state["scopes"]) == ("", False, [])


@EACH_HOCUSPOCUS
def test_hocuspocus_client_is_denied_a_document_that_its_token_does_not_name(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    stranger = process.join("client", version, endpoint(version, closed_server.websocket_url), "other", token=token())

    state = stranger.until(denied=True)
    assert (state["synced"], state["scopes"]) == (False, [])


def test_version_2_client_without_a_token_is_not_let_in(process: ClientProcess, closed_server: RunningServer) -> None:
    stranger = join(process, closed_server, "hocuspocus-v2")  # it sends no token, and hears of no denial

    write_minutes(process, closed_server)

    state = stranger.state()
    assert (state["text"], state["synced"], state["scopes"]) == ("", False, [])


@pytest.mark.parametrize("version", Y_WEBSOCKET_VERSIONS)
@pytest.mark.parametrize("refused", [None, *REFUSED_TOKENS.values()], ids=["none", *REFUSED_TOKENS])
def test_y_websocket_client_with_a_refused_token_is_not_let_in(
    version: str, refused: str | None, process: ClientProcess, closed_server: RunningServer
) -> None:
    stranger = join(process, closed_server, version, token=refused)

    write_minutes(process, closed_server)

    state = stranger.until(failed=True)
    assert (state["text"], state["synced"]) == ("", False)


@EACH_HOCUSPOCUS
def test_reader_is_connected_synced_and_told_that_it_may_not_write(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    write_minutes(process, closed_server)

    reader = join(process, closed_server, version, token=token("reader", name="Grace"))

    reader.until(synced=True, connected=True, unsynced=0, scopes=["readonly"], text="the minutes")


@EACH_HOCUSPOCUS
def test_edit_of_a_reader_is_refused_and_the_reader_stays(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    editor = write_minutes(process, closed_server)
    reader = join(process, closed_server, version, token=token("reader", name="Grace"))
    reader.until(synced=True, unsynced=0)

    reader.insert(0, "not ")

    reader.until(edits={"sent": 2, "saved": 1, "refused": 1}, connected=True, synced=True)
    editor.insert(11, " go on")
    reader.until(text="not the minutes go on")
    assert editor.state()["text"] == "the minutes go on"


@pytest.mark.parametrize("version", Y_WEBSOCKET_VERSIONS)
def test_edit_of_a_y_websocket_reader_reaches_nobody(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    editor = write_minutes(process, closed_server)
    reader = join(process, closed_server, version, token=token("reader", name="Grace"))
    reader.until(synced=True)

    reader.insert(0, "not ")
    editor.insert(11, " go on")

    reader.until(text="not the minutes go on", connected=True)
    assert editor.state()["text"] == "the minutes go on"


@EACH_HOCUSPOCUS
def test_offline_edits_of_a_reader_are_refused(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    editor = write_minutes(process, closed_server)
    reader = join(process, closed_server, version, token=token("reader", name="Grace"))
    reader.until(synced=True, unsynced=0)
    reader.request("disconnect")
    reader.until(connected=False)
    reader.insert(0, "not ")

    reader.request("connect")

    reader.until(synced=True, connected=True)
    editor.insert(11, " go on")
    reader.until(text="not the minutes go on")
    assert editor.state()["text"] == "the minutes go on"


@EACH_HOCUSPOCUS
def test_deletion_by_a_reader_is_refused(version: str, process: ClientProcess, closed_server: RunningServer) -> None:
    editor = write_minutes(process, closed_server)
    reader = join(process, closed_server, version, token=token("reader", name="Grace"))
    reader.until(synced=True, unsynced=0, text="the minutes")

    reader.erase(0, 4)

    reader.until(edits={"sent": 2, "saved": 1, "refused": 1})
    assert editor.state()["text"] == "the minutes"


@pytest.mark.parametrize(("version", "way"), WAYS_TO_RETRY)
def test_denied_client_gets_in_with_a_new_token_on_the_same_socket(
    version: str, way: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    write_minutes(process, closed_server)
    url = endpoint(version, closed_server.websocket_url)
    process.request("open_socket", socket="shared", version=version, url=url)
    client = join(process, closed_server, version, socket="shared", token=token(expires_in=-60))
    client.until(denied=True, connected=True)

    client.request("retry", token=token(), way=way)

    client.until(synced=True, unsynced=0, scopes=["read-write"], text="the minutes")
    client.insert(0, "again, ")
    client.until(unsynced=0)
    assert client.state()["sockets"] == 1


@EACH_HOCUSPOCUS
def test_denial_of_one_document_leaves_the_others_on_the_socket(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    url = endpoint(version, closed_server.websocket_url)
    process.request("open_socket", socket="shared", version=version, url=url)
    allowed = join(process, closed_server, version, "allowed", socket="shared", token=token())
    denied = process.join("denied", version, url, "not named in the token", socket="shared", token=token())

    denied.until(denied=True)

    allowed.until(synced=True, connected=True)
    allowed.insert(0, "undisturbed")
    allowed.until(unsynced=0)
    assert allowed.state()["sockets"] == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_presence_carries_the_name_of_the_token(
    version: str, process: ClientProcess, closed_server: RunningServer
) -> None:
    watcher = write_minutes(process, closed_server)
    liar = join(process, closed_server, version, "liar", token=token("reader", name="Grace"))
    liar.until(synced=True)

    liar.announce("Ada, the editor")

    watcher.until(present=["Grace"])


def write_minutes(process: ClientProcess, server: RunningServer) -> Client:
    """Have an editor write something; its round trip also shows that the server has answered what came before it."""
    editor = join(process, server, "hocuspocus-v4", "editor", token=token())
    editor.insert(0, "the minutes")
    editor.until(synced=True, unsynced=0)
    return editor
