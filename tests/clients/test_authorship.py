"""Who is credited with what, when real clients bring back what others wrote."""

from typing import Any

import httpx
import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, Client
from tests.clients.tokens import token
from tests.support.eventually import poll

EACH_VERSION = pytest.mark.parametrize("version", VERSIONS)

Credit = tuple[str, str | None, str]
"""A text, who is credited with it, and who delivered it."""


def join(meeting: Meeting, version: str, name: str) -> Client:
    client = meeting.join_synced(version, name, token=token(meeting.document, name=name))
    client.announce(name)
    return client


def credits_of(meeting: Meeting) -> list[Credit]:
    answer = httpx.get(
        f"{meeting.server.url}/api/v1/documents/{meeting.document}/authorship",
        headers={"Authorization": f"Bearer {token(meeting.document)}"},
    )
    assert answer.status_code == 200, answer.text
    return [credit_of(segment) for line in answer.json()["lines"] for segment in line["segments"]]


def until_credits(meeting: Meeting, *expected: Credit) -> None:
    poll(lambda: credits_of(meeting) == [*expected], f"{expected} instead of {credits_of(meeting)}")


def credit_of(segment: dict[str, Any]) -> Credit:
    author = None if segment["author"] is None else segment["author"]["name"]
    assert segment["credited"] is (author is not None)
    return segment["text"], author, segment["delivered_by"]["name"]


def write(client: Client, text: str) -> None:
    client.insert(client.state()["length"], text)
    if client.version in HOCUSPOCUS_VERSIONS:
        client.until(unsynced=0)


def go_away(client: Client) -> None:
    client.request("disconnect")
    client.until(connected=False, synced=False)


def come_back(client: Client, **wanted: Any) -> None:
    """Connect a client again, and wait until it is synced: by then it has said what it came with."""
    client.request("connect")
    client.until(connected=True, synced=True, **wanted)


def forge_while_bob_is_away(meeting: Meeting, version: str) -> tuple[Client, Client]:
    """Let Bob write and lose his connection, and Mallory write on under his id; return both."""
    bob = meeting.join_synced(version, "Bob", token=token(meeting.document, name="Bob"), clientId=7)
    bob.announce("Bob")
    write(bob, "Bob's")
    go_away(bob)
    mallory = meeting.join("y-websocket-v3", "Mallory", token=token(meeting.document, name="Mallory"), clientId=8)
    mallory.until(text="Bob's")
    mallory.request("take_id", clientId=7)
    write(mallory, " forged")
    return bob, mallory


@EACH_VERSION
def test_edits_that_a_peer_brought_back_are_credited_to_their_writer_once_they_come_back(
    version: str, closed_meeting: Meeting
) -> None:
    bob, ada = join(closed_meeting, version, "Bob"), join(closed_meeting, "y-websocket-v3", "Ada")
    write(bob, "Bob's")
    ada.until(text="Bob's")
    go_away(bob)
    bob.insert(5, " lost ones")

    bob.request("hand_over", to="Ada")
    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" lost ones", None, "Ada"))

    come_back(bob)
    bob.insert(bob.state()["length"], "!")
    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" lost ones", "Bob", "Ada"), ("!", "Bob", "Bob"))
    ada.until(text="Bob's lost ones!")


@EACH_VERSION
def test_text_under_the_id_of_another_is_not_credited_to_them_when_they_come_back(
    version: str, closed_meeting: Meeting
) -> None:
    bob, _ = forge_while_bob_is_away(closed_meeting, version)
    expected = [("Bob's", "Bob", "Bob"), (" forged", None, "Mallory")]
    until_credits(closed_meeting, *expected)

    come_back(bob, text="Bob's forged")

    assert credits_of(closed_meeting) == expected


@EACH_VERSION
def test_text_under_an_id_that_a_second_tab_hands_to_the_first_is_not_credited_to_its_user(
    version: str, closed_meeting: Meeting
) -> None:
    bob, _ = forge_while_bob_is_away(closed_meeting, version)
    tab = closed_meeting.join_synced(version, "Tab", token=token(closed_meeting.document, name="Bob"), clientId=70)
    tab.until(text="Bob's forged")
    bob.request("hide")  # the providers announce the new id that Yjs then takes, and throw
    tab.request("hand_over", to="Bob")

    come_back(bob, text="Bob's forged")
    bob.insert(bob.state()["length"], "!")

    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" forged", None, "Mallory"), ("!", "Bob", "Bob"))


@EACH_VERSION
def test_text_that_is_handed_past_the_server_to_the_client_whose_id_it_is_under_is_not_credited_to_it(
    version: str, closed_meeting: Meeting
) -> None:
    bob, mallory = forge_while_bob_is_away(closed_meeting, version)
    bob.request("hide")  # the providers announce the new id that Yjs then takes, and throw
    mallory.request("hand_over", to="Bob")

    come_back(bob, text="Bob's forged")
    bob.insert(bob.state()["length"], "!")

    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" forged", None, "Mallory"), ("!", "Bob", "Bob"))
