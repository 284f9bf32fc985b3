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


@EACH_VERSION
def test_edits_that_a_peer_brought_back_are_credited_to_their_writer_once_they_come_back(
    version: str, closed_meeting: Meeting
) -> None:
    bob, ada = join(closed_meeting, version, "Bob"), join(closed_meeting, "y-websocket-v3", "Ada")
    write(bob, "Bob's")
    ada.until(text="Bob's")
    bob.request("disconnect")
    bob.until(connected=False)
    bob.insert(5, " lost ones")

    bob.request("hand_over", to="Ada")
    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" lost ones", None, "Ada"))

    bob.request("connect")
    until_credits(closed_meeting, ("Bob's", "Bob", "Bob"), (" lost ones", "Bob", "Ada"))
    write(bob, "!")
    ada.until(text="Bob's lost ones!")


@EACH_VERSION
def test_text_under_the_id_of_another_is_not_credited_to_them_when_they_come_back(
    version: str, closed_meeting: Meeting
) -> None:
    bob = closed_meeting.join_synced(version, "Bob", token=token(closed_meeting.document, name="Bob"), clientId=7)
    bob.announce("Bob")
    write(bob, "Bob's")
    bob.request("disconnect")
    bob.until(connected=False)

    mallory = closed_meeting.join(
        "y-websocket-v3", "Mallory", token=token(closed_meeting.document, name="Mallory"), clientId=8
    )
    mallory.until(text="Bob's")
    mallory.request("take_id", clientId=7)
    write(mallory, " forged")
    expected = [("Bob's", "Bob", "Bob"), (" forged", None, "Mallory")]
    until_credits(closed_meeting, *expected)

    bob.request("connect")
    bob.until(text="Bob's forged", connected=True, synced=True)

    assert credits_of(closed_meeting) == expected
