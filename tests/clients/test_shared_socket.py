"""Many documents on one Hocuspocus socket."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, Client, ClientProcess
from tests.support.server import RunningServer

EACH_VERSION = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
SESSIONS = ("k3x9", "p07q")
MANY = 40
MOST_AT_ONCE = 3


@pytest.fixture
def narrow_meeting(tmp_path: Path, start_process: Callable[[], ClientProcess]) -> Iterator[Meeting]:
    """A meeting on a server that lets a connection have few documents at once."""
    narrow = {"COLLAB_MAX_DOCUMENTS_PER_CONNECTION": str(MOST_AT_ONCE)}
    server = RunningServer.start(tmp_path, environment=narrow)
    yield Meeting(server, start_process(), "minutes")
    server.kill()


def join_on_socket(meeting: Meeting, version: str, document: str) -> Client:
    return meeting.join(version, document, document=document, socket="shared")


def join_sessions(meeting: Meeting) -> list[Client]:
    """Let two sessions of one document join on one socket, each telling its name."""
    meeting.open_socket("hocuspocus-v4")
    sessions = [
        meeting.join("hocuspocus-v4", session_id, socket="shared", sessionId=session_id) for session_id in SESSIONS
    ]
    for session in sessions:
        session.announce(session.name)
    for session in sessions:
        session.until(synced=True, unsynced=0, present=[*SESSIONS])
    return sessions


@EACH_VERSION
def test_documents_on_one_socket_are_kept_apart(version: str, meeting: Meeting) -> None:
    meeting.open_socket(version)
    clients = [join_on_socket(meeting, version, f"{meeting.document}/{part}") for part in range(MANY)]
    for client in clients:
        client.until(synced=True)

    for client in clients:
        client.insert(0, f"text of {client.name}")

    for client in clients:
        client.until(text=f"text of {client.name}", unsynced=0, sockets=1)


@EACH_VERSION
def test_leaving_one_document_leaves_the_others_open(version: str, meeting: Meeting) -> None:
    meeting.open_socket(version)
    left, kept = (join_on_socket(meeting, version, f"{meeting.document}/{part}") for part in ("left", "kept"))
    watcher = meeting.join("y-websocket-v3", "watcher", document=left.name)
    for client in (left, kept, watcher):
        client.until(synced=True)
    left.announce("leaver")
    watcher.until(present=["leaver"])

    left.leave()

    watcher.until(present=[])
    kept.insert(0, "still here")
    kept.until(unsynced=0, connected=True, sockets=1)


@EACH_VERSION
def test_document_that_was_left_can_be_joined_again(version: str, meeting: Meeting) -> None:
    meeting.open_socket(version)
    keeper = join_on_socket(meeting, version, f"{meeting.document} keeps the socket open")
    first = join_on_socket(meeting, version, meeting.document)
    first.until(synced=True, unsynced=0)
    first.insert(0, "first visit")
    first.until(unsynced=0)

    first.leave()
    again = join_on_socket(meeting, version, meeting.document)

    again.until(synced=True, unsynced=0, text="first visit")
    keeper.until(synced=True, sockets=1)


@EACH_VERSION
def test_documents_visited_one_after_another_do_not_add_up(version: str, narrow_meeting: Meeting) -> None:
    narrow_meeting.open_socket(version)
    keeper = join_on_socket(narrow_meeting, version, "keeps the socket open")
    keeper.until(synced=True)

    for number in range(3 * MOST_AT_ONCE):
        visitor = join_on_socket(narrow_meeting, version, f"visit {number}")
        visitor.until(synced=True, unsynced=0)
        visitor.leave()

    keeper.insert(0, "still here")
    keeper.until(unsynced=0, sockets=1)


def test_sessions_of_one_document_on_one_socket_are_apart(meeting: Meeting) -> None:
    first, second = join_sessions(meeting)
    outside = meeting.join_synced("y-websocket-v3", "outside")

    first.insert(0, "typed by the first")

    for client in (first, second, outside):
        client.until(text="typed by the first", present=[*SESSIONS])
    first.until(unsynced=0, edits={"sent": 2, "saved": 2, "refused": 0})
    second.until(unsynced=0, edits={"sent": 1, "saved": 1, "refused": 0})


def test_session_that_leaves_does_not_take_the_other_with_it(meeting: Meeting) -> None:
    first, second = join_sessions(meeting)

    first.leave()

    second.until(present=[second.name])
    second.insert(0, "alone")
    second.until(unsynced=0, connected=True, sockets=1)
