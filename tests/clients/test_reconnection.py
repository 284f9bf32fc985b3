"""What was typed while the server was away arrives when it is back, from clients of every version."""

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS
from tests.clients.test_convergence import announce_all, common_text

OFFLINE = {version: f"<offline {version}>" for version in VERSIONS}


@pytest.mark.parametrize("crash", [False, True], ids=["restart", "crash"])
def test_offline_edits_of_all_versions_arrive(crash: bool, own_meeting: Meeting) -> None:
    clients = own_meeting.join_all()
    clients["hocuspocus-v4"].insert(0, "online")
    clients["hocuspocus-v4"].until(unsynced=0)
    for client in clients.values():
        client.until(text="online")

    if crash:
        own_meeting.server.kill()
    else:
        own_meeting.server.terminate()
    for client in clients.values():
        client.until(connected=False)
    for version, client in clients.items():
        client.insert(0, OFFLINE[version])
    own_meeting.server.restart()

    converged = common_text(clients, len("online" + "".join(OFFLINE.values())))
    assert all(text in converged for text in OFFLINE.values())
    for version in HOCUSPOCUS_VERSIONS:
        # Providers send offline edits twice, but count them once; version 2 ends below zero, with a Hocuspocus server as well.
        clients[version].until(synced=True, unsaved=False)


def test_presence_is_back_after_a_restart(own_meeting: Meeting) -> None:
    clients = own_meeting.join_all()
    announce_all(clients)

    own_meeting.server.terminate()
    for client in clients.values():
        client.until(connected=False, present=client.state()["present"])
    own_meeting.server.restart()
    for client in clients.values():
        client.until(synced=True)

    announce_all(clients)


def test_client_that_was_away_gets_what_others_typed(meeting: Meeting) -> None:
    clients = meeting.join_all()
    staying = meeting.join_synced("y-websocket-v3", "staying")
    for client in clients.values():
        client.request("disconnect")
        client.until(connected=False)

    staying.insert(0, "typed meanwhile")
    for client in clients.values():
        client.request("connect")

    for client in clients.values():
        client.until(synced=True, text="typed meanwhile")


@pytest.mark.parametrize("version", VERSIONS)
def test_client_that_comes_back_is_seen_at_once_by_those_who_stayed(version: str, meeting: Meeting) -> None:
    staying, returning = meeting.join_synced("hocuspocus-v4", "staying"), meeting.join_synced(version, "returning")
    returning.announce("returning")
    staying.until(present=["returning"])
    clock = returning.state()["clock"]
    returning.request("disconnect")
    returning.until(connected=False)
    staying.until(present=[])

    returning.request("connect")

    staying.until(present=["returning"], seconds=10)  # by itself a client tells of itself anew after 15 s
    returning.until(synced=True, clock=clock + 1)
    returning.announce("renamed")
    staying.until(present=["renamed"], seconds=10)
