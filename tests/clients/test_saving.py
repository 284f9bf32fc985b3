"""What a Hocuspocus client shows as its save state: the edits it counts as unsynced go to zero by the server's word, and only then."""

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, Client

EACH_VERSION = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)


def assert_every_edit_was_answered_once(client: Client, *, sent: int) -> None:
    state = client.state()
    assert state["edits"] == {"sent": sent, "saved": sent, "refused": 0}
    assert state["unsynced"] == 0
    assert min(state["unsyncedHistory"]) == 0


@EACH_VERSION
def test_client_that_only_connects_has_nothing_unsynced(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)

    assert_every_edit_was_answered_once(client, sent=1)  # the step 2 that answers the server's step 1


@EACH_VERSION
def test_typed_edit_is_unsynced_until_the_server_acknowledges_it(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)

    client.insert(0, "a")

    state = client.until(unsynced=0, edits={"sent": 2, "saved": 2, "refused": 0})
    assert state["unsyncedHistory"][-2:] == [1, 0]


@EACH_VERSION
def test_each_edit_of_a_burst_is_acknowledged_by_itself(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)

    client.request("burst", text="x" * 100)

    state = client.until(unsynced=0, edits={"sent": 101, "saved": 101, "refused": 0})
    assert state["unsyncedHistory"][-200:] == [*range(1, 101), *range(99, -1, -1)]


@EACH_VERSION
def test_deletion_is_acknowledged(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)

    client.insert(0, "abc")
    client.erase(1, 1)

    client.until(unsynced=0, text="ac", edits={"sent": 3, "saved": 3, "refused": 0})
    assert_every_edit_was_answered_once(client, sent=3)


@EACH_VERSION
def test_forced_sync_is_answered_by_one_step_each_way(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)

    for round_number in range(1, 4):
        client.request("force_sync")
        client.until(unsynced=0)
        assert_every_edit_was_answered_once(client, sent=1 + round_number)


@EACH_VERSION
def test_reader_of_others_edits_has_nothing_unsynced(version: str, meeting: Meeting) -> None:
    client = meeting.join_synced(version)
    other = meeting.join_synced("y-websocket-v3", "other")

    other.insert(0, "from another dialect")

    client.until(text="from another dialect")
    assert_every_edit_was_answered_once(client, sent=1)


@EACH_VERSION
def test_what_counts_as_synced_is_there_after_the_server_was_killed(version: str, own_meeting: Meeting) -> None:
    client = own_meeting.join_synced(version)
    client.insert(0, "saved")
    client.until(unsynced=0)
    own_meeting.server.kill()
    client.leave()

    own_meeting.server.restart()

    own_meeting.join(version, "reader").until(synced=True, text="saved")
