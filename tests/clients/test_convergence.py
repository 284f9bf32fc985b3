"""Real clients of all five versions in one document: all have the same text, and each sees who is there."""

from collections.abc import Callable

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import VERSIONS, Client, ClientProcess

NAMES = {version: f"{version} 🛳" for version in VERSIONS}
EVERYBODY = sorted(NAMES.values())
EACH_VERSION = pytest.mark.parametrize("version", VERSIONS)


def common_text(clients: dict[str, Client], length: int) -> str:
    """Wait until every text has this length, and return the one that all of them are."""
    texts = {client.until(length=length)["text"] for client in clients.values()}
    assert len(texts) == 1
    return str(texts.pop())


def announce_all(clients: dict[str, Client]) -> None:
    """Have each client tell its name, and wait until each knows all of them."""
    for version, client in clients.items():
        client.announce(NAMES[version])
    for client in clients.values():
        client.until(present=EVERYBODY)


def test_clients_of_all_versions_converge(meeting: Meeting) -> None:
    clients = meeting.join_all()
    typed = [f"<{version} wörld>" for version in VERSIONS]

    for client, text in zip(clients.values(), typed, strict=True):
        client.insert(0, text)

    converged = common_text(clients, len("".join(typed)))
    assert all(text in converged for text in typed)


def test_what_one_client_deletes_is_gone_for_all(meeting: Meeting) -> None:
    clients = meeting.join_all()
    clients["y-websocket-v3"].insert(0, "keep lose keep")
    for client in clients.values():
        client.until(text="keep lose keep")

    clients["hocuspocus-v2"].erase(4, 5)

    for client in clients.values():
        client.until(text="keep keep")


def test_bursts_typed_at_once_converge(meeting: Meeting) -> None:
    clients = meeting.join_all()

    for client in clients.values():
        client.request("burst", text="abcdefghij" * 20)

    converged = common_text(clients, 200 * len(VERSIONS))
    assert sorted(converged) == sorted("abcdefghij" * 20 * len(VERSIONS))


@EACH_VERSION
def test_late_client_gets_what_was_typed_before(version: str, meeting: Meeting) -> None:
    early = meeting.join("hocuspocus-v4", "early")
    early.insert(0, "before anybody came 🛳")
    early.until(synced=True, unsynced=0)

    meeting.join(version, "late").until(synced=True, text="before anybody came 🛳")


def test_each_client_sees_the_presence_of_all_others(meeting: Meeting) -> None:
    announce_all(meeting.join_all())


@EACH_VERSION
def test_late_client_sees_who_is_there(version: str, meeting: Meeting) -> None:
    announce_all(meeting.join_all())

    meeting.join(version, "late").until(present=EVERYBODY)


@EACH_VERSION
def test_presence_goes_with_the_client_that_leaves(version: str, meeting: Meeting) -> None:
    clients = meeting.join_all()
    announce_all(clients)

    clients.pop(version).leave()

    for client in clients.values():
        client.until(present=[name for name in EVERYBODY if name != NAMES[version]])


def test_presence_goes_with_the_process_that_is_killed(
    meeting: Meeting, start_process: Callable[[], ClientProcess]
) -> None:
    staying = meeting.join_all()
    doomed = Meeting(meeting.server, start_process(), meeting.document)
    for version, client in doomed.join_all().items():
        client.announce(f"doomed {version}")
    for version, client in staying.items():
        client.announce(NAMES[version])
    for client in staying.values():
        client.until(present=sorted([*EVERYBODY, *(f"doomed {version}" for version in VERSIONS)]))

    doomed.process.kill()

    for client in staying.values():
        client.until(present=EVERYBODY)
