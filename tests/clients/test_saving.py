"""What a Hocuspocus client shows as its save state: the edits it counts as unsynced go to zero by the server's word, and only then."""

import pytest

from tests.clients.process import HOCUSPOCUS_VERSIONS, Client, ClientProcess, endpoint
from tests.support.server import RunningServer

EACH_VERSION = pytest.mark.parametrize("version", HOCUSPOCUS_VERSIONS)


def join_synced(process: ClientProcess, server: RunningServer, version: str, name: str = "writer") -> Client:
    client = process.join(name, version, endpoint(version, server.websocket_url), "saving")
    client.until(synced=True, unsynced=0)
    return client


def assert_every_edit_was_answered_once(client: Client, *, sent: int) -> None:
    state = client.state()
    assert state["edits"] == {"sent": sent, "saved": sent, "refused": 0}
    assert state["unsynced"] == 0
    assert min(state["unsyncedHistory"]) >= 0


@EACH_VERSION
def test_client_that_only_connects_has_nothing_unsynced(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)

    assert_every_edit_was_answered_once(client, sent=1)  # the step 2 that answers the server's step 1


@EACH_VERSION
def test_typed_edit_is_unsynced_until_the_server_acknowledges_it(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)

    client.insert(0, "a")

    state = client.until(unsynced=0)
    assert state["unsyncedHistory"][-2:] == [1, 0]
    assert_every_edit_was_answered_once(client, sent=2)


@EACH_VERSION
def test_each_edit_of_a_burst_is_acknowledged_by_itself(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)

    client.request("burst", text="x" * 100)

    state = client.until(unsynced=0)
    assert state["unsyncedHistory"][-200:] == [*range(1, 101), *range(99, -1, -1)]
    assert_every_edit_was_answered_once(client, sent=101)


@EACH_VERSION
def test_deletion_is_acknowledged(version: str, process: ClientProcess, server: RunningServer) -> None:
    client = join_synced(process, server, version)
    client.insert(0, "abc")
    client.erase(1, 1)

    client.until(unsynced=0, text="ac")
    assert_every_edit_was_answered_once(client, sent=3)


@EACH_VERSION
def test_forced_sync_is_answered_by_one_step_each_way(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)

    for round_number in range(1, 4):
        client.request("force_sync")
        client.until(unsynced=0)
        assert_every_edit_was_answered_once(client, sent=1 + round_number)


@EACH_VERSION
def test_reader_of_others_edits_has_nothing_unsynced(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)
    other = process.join("other", "y-websocket-v3", endpoint("y-websocket-v3", server.websocket_url), "saving")
    other.until(synced=True)

    other.insert(0, "from another dialect")

    client.until(text="from another dialect")
    assert_every_edit_was_answered_once(client, sent=1)


@EACH_VERSION
def test_what_counts_as_synced_is_there_after_the_server_was_killed(
    version: str, process: ClientProcess, server: RunningServer
) -> None:
    client = join_synced(process, server, version)
    client.insert(0, "saved")
    client.until(unsynced=0)
    client.leave()

    server.kill()
    server.restart()

    reader = process.join("reader", version, endpoint(version, server.websocket_url), "saving")
    reader.until(synced=True, text="saved")
