"""Who may do what, as real clients come to know it: open mode, and tokens that are right, wrong, expired or a reader's."""

from collections.abc import Callable

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, Y_WEBSOCKET_VERSIONS, Client
from tests.clients.tokens import token

EACH_VERSION = pytest.mark.parametrize("version", VERSIONS)
EACH_HOCUSPOCUS = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)
EACH_Y_WEBSOCKET = pytest.mark.parametrize("version", Y_WEBSOCKET_VERSIONS)

WAYS_TO_RETRY = [("hocuspocus-v2", "connect")] + [
    (version, way) for version in ("hocuspocus-v3", "hocuspocus-v4") for way in ("attach", "token")
]

MakeToken = Callable[[str], str | None]
REFUSED_TOKENS: dict[str, MakeToken] = {
    "not a token": lambda document: "nonsense",
    "another secret": lambda document: token(document, secret="another secret, as long as the first one"),
    "expired": lambda document: token(document, expires_in=-60),
    "another document": lambda document: token(f"{document} of others"),
}
EACH_REFUSED_TOKEN = pytest.mark.parametrize("refused", REFUSED_TOKENS.values(), ids=REFUSED_TOKENS)


def write_minutes(meeting: Meeting) -> Client:
    """Have an editor write something; its round trip also shows that the server has answered what came before it."""
    editor = meeting.join_synced("hocuspocus-v4", "editor", token=token(meeting.document))
    editor.insert(0, "the minutes")
    editor.until(unsynced=0)
    return editor


def join_as_reader(meeting: Meeting, version: str) -> Client:
    """Let a reader join, and wait until it has the minutes."""
    reader = meeting.join_synced(version, "reader", token=token(meeting.document, "reader", name="Grace"))
    reader.until(text="the minutes")
    return reader


@EACH_VERSION
def test_guest_without_a_token_edits_in_open_mode(version: str, meeting: Meeting) -> None:
    guest = meeting.join_synced(version, "guest")
    other = meeting.join_synced("y-websocket-v3", "other")

    guest.insert(0, "typed by a guest")

    other.until(text="typed by a guest")


@EACH_VERSION
def test_tokens_are_not_looked_at_in_open_mode(version: str, meeting: Meeting) -> None:
    meeting.join_synced(version, token="whatever")


@EACH_VERSION
def test_editor_edits(version: str, closed_meeting: Meeting) -> None:
    write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, "y-websocket-v3")
    editor = closed_meeting.join_synced(version, token=token(closed_meeting.document))
    editor.until(text="the minutes")

    editor.insert(0, "these are ")

    reader.until(text="these are the minutes")


@EACH_HOCUSPOCUS
def test_editor_is_told_that_it_may_write(version: str, closed_meeting: Meeting) -> None:
    editor = closed_meeting.join_synced(version, token=token(closed_meeting.document))

    assert (editor.state()["scopes"], editor.state()["denials"]) == (["read-write"], [])


@EACH_REFUSED_TOKEN
@EACH_HOCUSPOCUS
def test_hocuspocus_client_with_a_refused_token_is_denied(
    version: str, refused: MakeToken, closed_meeting: Meeting
) -> None:
    write_minutes(closed_meeting)

    stranger = closed_meeting.join(version, token=refused(closed_meeting.document))

    state = stranger.until(denied=True)
    assert (state["text"], state["synced"], state["scopes"]) == ("", False, [])


def test_version_2_client_without_a_token_is_not_let_in(closed_meeting: Meeting) -> None:
    stranger = closed_meeting.join("hocuspocus-v2")  # it sends no token, and would hear of no denial

    write_minutes(closed_meeting)

    state = stranger.state()
    assert (state["text"], state["synced"], state["scopes"]) == ("", False, [])


@pytest.mark.parametrize(
    "refused", [lambda document: None, *REFUSED_TOKENS.values()], ids=["no token", *REFUSED_TOKENS]
)
@EACH_Y_WEBSOCKET
def test_y_websocket_client_with_a_refused_token_is_not_let_in(
    version: str, refused: MakeToken, closed_meeting: Meeting
) -> None:
    write_minutes(closed_meeting)

    stranger = closed_meeting.join(version, token=refused(closed_meeting.document))

    state = stranger.until(failed=True)
    assert (state["text"], state["synced"]) == ("", False)


@EACH_HOCUSPOCUS
def test_reader_is_connected_synced_and_told_that_it_may_not_write(version: str, closed_meeting: Meeting) -> None:
    write_minutes(closed_meeting)

    reader = join_as_reader(closed_meeting, version)

    reader.until(connected=True, synced=True, unsynced=0, scopes=["readonly"], denials=[])


@EACH_HOCUSPOCUS
def test_edit_of_a_reader_is_refused_and_the_reader_stays(version: str, closed_meeting: Meeting) -> None:
    editor = write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, version)

    reader.insert(0, "not ")

    reader.until(edits={"sent": 2, "saved": 1, "refused": 1}, connected=True, synced=True)
    editor.insert(11, " go on")
    reader.until(text="not the minutes go on")
    assert editor.state()["text"] == "the minutes go on"


@EACH_HOCUSPOCUS
def test_deletion_by_a_reader_is_refused(version: str, closed_meeting: Meeting) -> None:
    editor = write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, version)

    reader.erase(0, 4)

    reader.until(edits={"sent": 2, "saved": 1, "refused": 1})
    assert editor.state()["text"] == "the minutes"


@EACH_Y_WEBSOCKET
def test_edit_of_a_y_websocket_reader_reaches_nobody(version: str, closed_meeting: Meeting) -> None:
    editor = write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, version)

    reader.insert(0, "not ")
    reader.announce("the edit before this has arrived")

    editor.until(present=["Grace"])
    assert (editor.state()["text"], reader.state()["connected"]) == ("the minutes", True)


@EACH_HOCUSPOCUS
def test_offline_edit_of_a_reader_is_refused_when_it_comes_back(version: str, closed_meeting: Meeting) -> None:
    editor = write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, version)
    reader.request("disconnect")
    reader.until(connected=False)
    reader.insert(0, "not ")

    reader.request("connect")

    reader.until(connected=True, synced=True, refused=True)
    editor.insert(11, " go on")
    reader.until(text="not the minutes go on")
    assert editor.state()["text"] == "the minutes go on"


@EACH_HOCUSPOCUS
def test_reader_that_comes_back_without_edits_has_nothing_unsynced(version: str, closed_meeting: Meeting) -> None:
    write_minutes(closed_meeting)
    reader = join_as_reader(closed_meeting, version)
    reader.request("disconnect")
    reader.until(connected=False)

    reader.request("connect")

    reader.until(connected=True, synced=True, unsynced=0, edits={"sent": 2, "saved": 2, "refused": 0})


@pytest.mark.parametrize(("version", "way"), WAYS_TO_RETRY)
def test_denied_client_gets_in_with_a_new_token_on_the_same_socket(
    version: str, way: str, closed_meeting: Meeting
) -> None:
    write_minutes(closed_meeting)
    closed_meeting.open_socket(version)
    client = closed_meeting.join(version, socket="shared", token=token(closed_meeting.document, expires_in=-60))
    client.until(denied=True, connected=True)

    client.request("retry", token=token(closed_meeting.document), way=way)

    client.until(synced=True, unsynced=0, scopes=["read-write"], text="the minutes")
    client.insert(0, "these are ")
    client.until(unsynced=0, refused=False, sockets=1)


@EACH_HOCUSPOCUS
def test_denial_of_one_document_leaves_the_others_on_the_socket(version: str, closed_meeting: Meeting) -> None:
    permission = token(closed_meeting.document)
    closed_meeting.open_socket(version)
    allowed = closed_meeting.join(version, "allowed", socket="shared", token=permission)
    denied = closed_meeting.join(version, "denied", document="another", socket="shared", token=permission)

    denied.until(denied=True)

    allowed.insert(0, "undisturbed")
    allowed.until(synced=True, unsynced=0, connected=True, sockets=1)


@EACH_VERSION
def test_presence_carries_the_name_of_the_token(version: str, closed_meeting: Meeting) -> None:
    watcher = write_minutes(closed_meeting)
    impostor = join_as_reader(closed_meeting, version)

    impostor.announce("Ada, the editor")

    watcher.until(present=["Grace"])
