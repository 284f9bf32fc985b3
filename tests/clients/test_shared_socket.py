"""Many documents on one Hocuspocus socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.process import HOCUSPOCUS_VERSIONS, Client, ClientProcess, endpoint
from tests.support.server import RunningServer

EACH_VERSION = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
DOCUMENTS = [f"document {number}" for number in range(40)]
MOST_AT_ONCE = 3


@pytest.fixture
def narrow_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that lets a connection have few documents at once."""
    running = RunningServer.start(tmp_path, environment={"COLLAB_MAX_DOCUMENTS_PER_CONNECTION": str(MOST_AT_ONCE)})
    yield running
    running.kill()


def open_socket(process: ClientProcess, server: RunningServer, version: str) -> None:
    process.request("open_socket", socket="shared", version=version, url=endpoint(version, server.websocket_url))


def join_on_socket(
    process: ClientProcess, server: RunningServer, version: str, document: str, **options: object
) -> Client:
    url = endpoint(version, server.websocket_url)
    return process.join(str(options.get("sessionId", document)), version, url, document, socket="shared", **options)


@EACH_VERSION
def test_documents_on_one_socket_are_kept_apart(version: str, process: ClientProcess, server: RunningServer) -> None:
    open_socket(process, server, version)
    clients = [join_on_socket(process, server, version, document) for document in DOCUMENTS]
    for client in clients:
        client.until(synced=True)

    for client in clients:
        client.insert(0, f"text of {client.name}")

    for client in clients:
        client.until(text=f"text of {client.name}", unsynced=0)


@EACH_VERSION
def test_leaving_one_document_leaves_the_others_open(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    open_socket(process, server, version)
    left, kept = (join_on_socket(process, server, version, document) for document in ("left", "kept"))
    watcher = process.join("watcher", "y-websocket-v3", endpoint("y-websocket-v3", server.websocket_url), "left")
    for client in (left, kept, watcher):
        client.until(synced=True)
    left.announce("leaver")
    watcher.until(present=["leaver"])

    left.leave()

    watcher.until(present=[])
    kept.insert(0, "still here")
    kept.until(unsynced=0, connected=True)


@EACH_VERSION
def test_document_that_was_left_can_be_joined_again(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    open_socket(process, server, version)
    first = join_on_socket(process, server, version, "left and joined")
    keeper = join_on_socket(process, server, version, "keeps the socket open")
    first.insert(0, "first visit")
    first.until(synced=True, unsynced=0)
    keeper.until(synced=True)

    first.leave()
    again = join_on_socket(process, server, version, "left and joined")

    again.until(synced=True, unsynced=0, text="first visit")


@EACH_VERSION
def test_documents_visited_one_after_another_do_not_count_together(
    version: str, process: ClientProcess, narrow_server: RunningServer
) -> None:
    open_socket(process, narrow_server, version)
    keeper = join_on_socket(process, narrow_server, version, "keeps the socket open")
    keeper.until(synced=True)

    for document in DOCUMENTS[: 3 * MOST_AT_ONCE]:
        visitor = join_on_socket(process, narrow_server, version, document)
        visitor.until(synced=True, unsynced=0)
        visitor.leave()

    keeper.insert(0, "still here")
    keeper.until(unsynced=0)
    assert keeper.state()["edits"] == {"sent": 2, "saved": 2, "refused": 0}  # one connection all the time


def test_sessions_of_one_document_on_one_socket_are_apart(process: ClientProcess, server: RunningServer) -> None:
    open_socket(process, server, "hocuspocus-v4")
    first, second = (
        join_on_socket(process, server, "hocuspocus-v4", "notes", sessionId=session) for session in ("k3x9", "p07q")
    )
    outside = process.join("outside", "y-websocket-v3", endpoint("y-websocket-v3", server.websocket_url), "notes")
    for client in (first, second, outside):
        client.until(synced=True)
    first.announce("first")
    second.announce("second")

    first.insert(0, "typed by the first")

    for client in (first, second, outside):
        client.until(text="typed by the first", present=["first", "second"])
    first.until(unsynced=0)
    assert second.state()["edits"] == {"sent": 1, "saved": 1, "refused": 0}


def test_session_that_leaves_does_not_take_the_other_with_it(process: ClientProcess, server: RunningServer) -> None:
    open_socket(process, server, "hocuspocus-v4")
    first, second = (
        join_on_socket(process, server, "hocuspocus-v4", "notes", sessionId=session) for session in ("k3x9", "p07q")
    )
    first.announce("first")
    second.announce("second")
    second.until(synced=True, present=["first", "second"])

    first.leave()

    second.until(present=["second"])
    second.insert(0, "alone")
    second.until(unsynced=0, connected=True)
