"""Real clients of all five versions in one document: all have the same text, and each sees who is there."""

from collections.abc import Callable

import pytest

from tests.clients.process import VERSIONS, Client, ClientProcess, endpoint
from tests.support.server import RunningServer

NAMES = {version: f"{version} 🛳" for version in VERSIONS}
EVERYBODY = sorted(NAMES.values())


def join_all(process: ClientProcess, server: RunningServer, document: str) -> dict[str, Client]:
    """Let one client of each version join, and wait until all are synced."""
    clients = {
        version: process.join(version, version, endpoint(version, server.websocket_url), document)
        for version in VERSIONS
    }
    for client in clients.values():
        client.until(synced=True)
    return clients


def common_text(clients: dict[str, Client], length: int) -> str:
    """Wait until every text has this length, and return the one that all of them are."""
    texts = {client.until_length(length) for client in clients.values()}
    assert len(texts) == 1
    return texts.pop()


def test_clients_of_all_versions_converge(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")

    for version, client in clients.items():
        client.insert(0, f"<{version} wörld 🛳>")

    text = common_text(clients, sum(len(f"<{version} wörld 🛳>") + 1 for version in VERSIONS))
    assert all(f"<{version} wörld 🛳>" in text for version in VERSIONS)


def test_what_one_client_deletes_is_gone_for_all(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")
    clients["y-websocket-v3"].insert(0, "keep lose keep")
    for client in clients.values():
        client.until(text="keep lose keep")

    clients["hocuspocus-v2"].erase(4, 5)

    for client in clients.values():
        client.until(text="keep keep")


def test_bursts_typed_at_once_converge(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")

    for client in clients.values():
        client.request("burst", text="abcdefghij" * 20)

    text = common_text(clients, 200 * len(VERSIONS))
    assert sorted(text) == sorted("abcdefghij" * 20 * len(VERSIONS))


def test_late_client_gets_what_was_typed_before(process: ClientProcess, server: RunningServer) -> None:
    early = process.join("early", "hocuspocus-v4", endpoint("hocuspocus-v4", server.websocket_url), "shared")
    early.insert(0, "before anybody came")
    early.until(synced=True, unsynced=0)

    for version in VERSIONS:
        late = process.join(version, version, endpoint(version, server.websocket_url), "shared")
        late.until(synced=True, text="before anybody came")


def test_each_client_sees_the_presence_of_all_others(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")

    for version, client in clients.items():
        client.announce(NAMES[version])

    for client in clients.values():
        client.until(present=EVERYBODY)


def test_late_client_sees_who_is_there(process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")
    for version, client in clients.items():
        client.announce(NAMES[version])
        client.until(synced=True)
    clients["y-websocket-v2"].until(present=EVERYBODY)

    for version in VERSIONS:
        late = process.join("late", version, endpoint(version, server.websocket_url), "shared")
        late.until(present=EVERYBODY)
        late.leave()


@pytest.mark.parametrize("leaving", VERSIONS)
def test_presence_goes_with_the_client_that_leaves(leaving: str, process: ClientProcess, server: RunningServer) -> None:
    clients = join_all(process, server, "shared")
    for version, client in clients.items():
        client.announce(NAMES[version])
    for client in clients.values():
        client.until(present=EVERYBODY)

    clients.pop(leaving).leave()

    for client in clients.values():
        client.until(present=[name for name in EVERYBODY if name != NAMES[leaving]])


def test_presence_goes_with_the_process_that_is_killed(
    start_process: Callable[[], ClientProcess], server: RunningServer
) -> None:
    staying = join_all(start_process(), server, "shared")
    doomed_process = start_process()
    doomed = join_all(doomed_process, server, "shared")
    for version in VERSIONS:
        staying[version].announce(NAMES[version])
        doomed[version].announce(f"doomed {version}")
    for client in staying.values():
        client.until(present=sorted([*EVERYBODY, *(f"doomed {version}" for version in VERSIONS)]))

    doomed_process.kill()

    for client in staying.values():
        client.until(present=EVERYBODY)
