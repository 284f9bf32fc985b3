"""A document has one name, in whatever dialect it is asked for."""

from urllib.parse import quote

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS

NAMES = ["a/b/c", "two words", "Tagebuch März 🛳", "50% off", "100%", "a%2Fb", "question? #1", "a+b&c=d", "日本語"]
NAMES_FOR_A_PATH = ["a/b/c", "two words", "Tagebuch März 🛳", "100%", "日本語"]


def in_path(name: str) -> str:
    """Write a name as applications do that put it into a URL."""
    return quote(name, safe="")


@pytest.mark.parametrize("name", NAMES)
def test_document_has_the_same_name_in_both_dialects(name: str, meeting: Meeting) -> None:
    name = f"{meeting.document} {name}"
    clients = [
        meeting.join(version, version, document=name if version in HOCUSPOCUS_VERSIONS else in_path(name))
        for version in VERSIONS
    ]
    for client in clients:
        client.until(synced=True)

    clients[0].insert(0, f"this is {name}")

    for client in clients:
        client.until(text=f"this is {name}")


@pytest.mark.parametrize("name", NAMES_FOR_A_PATH)
def test_name_may_stand_in_the_path_as_it_is(name: str, meeting: Meeting) -> None:
    name = f"{meeting.document} {name}"
    plain = meeting.join_synced("y-websocket-v3", "plain", document=name)
    encoded = meeting.join_synced("y-websocket-v3", "encoded", document=in_path(name))

    plain.insert(0, "the same document")

    encoded.until(text="the same document")


def test_name_in_a_path_is_decoded_once(meeting: Meeting) -> None:
    slash, percent = f"{meeting.document}/b", f"{meeting.document}%2Fb"
    writer = meeting.join_synced("hocuspocus-v4", "slash", document=slash)
    other_writer = meeting.join_synced("hocuspocus-v4", "percent", document=percent)

    writer.insert(0, "with a slash")
    other_writer.insert(0, "with a percent sign")

    meeting.join("y-websocket-v3", "reader", document=in_path(slash)).until(text="with a slash")
    meeting.join("y-websocket-v3", "other reader", document=in_path(percent)).until(text="with a percent sign")
