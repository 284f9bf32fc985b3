"""What was typed while the server was away arrives when it is back, from clients of every version."""

from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, ClientProcess, endpoint
from tests.clients.test_convergence import common_text, join_all
from tests.support.server import RunningServer


def test_offline_edits_of_all_versions_arrive_after_a_restart(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "restarted")
    clients["y-websocket-v2"].insert(0, "online")
    for client in clients.values():
        client.until(text="online")

    server.terminate()
    for client in clients.values():
        client.until(connected=False)
    for version, client in clients.items():
        client.insert(0, f"<offline {version}>")
    server.restart()

    text = common_text(clients, len("online") + sum(len(f"<offline {version}>") for version in VERSIONS))
    assert all(f"<offline {version}>" in text for version in VERSIONS)
    for version in HOCUSPOCUS_VERSIONS:
        clients[version].until(synced=True, unsynced=0)


def test_offline_edits_of_all_versions_arrive_after_a_crash(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "crashed")

    server.kill()
    for client in clients.values():
        client.until(connected=False)
    for version, client in clients.items():
        client.insert(0, f"<offline {version}>")
    server.restart()

    text = common_text(clients, sum(len(f"<offline {version}>") for version in VERSIONS))
    assert all(f"<offline {version}>" in text for version in VERSIONS)


def test_presence_is_back_after_a_restart(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "restarted")
    for version, client in clients.items():
        client.announce(version)
    for client in clients.values():
        client.until(present=sorted(VERSIONS))

    server.terminate()
    for client in clients.values():
        client.until(connected=False)
    server.restart()

    for client in clients.values():
        client.until(present=sorted(VERSIONS))


def test_client_that_was_away_gets_what_others_typed(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "away")
    staying = process.join("staying", "y-websocket-v3", endpoint("y-websocket-v3", server.websocket_url), "away")
    staying.until(synced=True)
    for client in clients.values():
        client.request("disconnect")
        client.until(connected=False)

    staying.insert(0, "typed meanwhile")
    for client in clients.values():
        client.request("connect")

    for client in clients.values():
        client.until(text="typed meanwhile")
