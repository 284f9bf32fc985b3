"""A document has one name, in whatever dialect it is asked for."""

from urllib.parse import quote

import pytest

from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, ClientProcess, endpoint
from tests.support.server import RunningServer


def in_path(name: str) -> str:
    """Write a name as applications do that put it into a URL."""
    return quote(name, safe="")


@pytest.mark.parametrize(
    "name",
    ["a/b/c", "two words", "Tagebuch März 🛳", "50% off", "100%", "a%2Fb", "question? #1", "a+b&c=d", "日本語"],
)
def test_document_has_the_same_name_in_both_dialects(name: str, process: ClientProcess, server: RunningServer) -> None:
    clients = [
        process.join(
            version,
            version,
            endpoint(version, server.websocket_url),
            name if version in HOCUSPOCUS_VERSIONS else in_path(name),
        )
        for version in VERSIONS
    ]
    for client in clients:
        client.until(synced=True)

    clients[0].insert(0, f"this is {name}")

    for client in clients:
        client.until(text=f"this is {name}")


@pytest.mark.parametrize("name", ["a/b/c", "two words", "Tagebuch März 🛳", "100%", "日本語"])
def test_name_may_stand_in_the_path_as_it_is(name: str, process: ClientProcess, server: RunningServer) -> None:
    url = endpoint("y-websocket-v3", server.websocket_url)
    plain = process.join("plain", "y-websocket-v3", url, name)
    encoded = process.join("encoded", "y-websocket-v3", url, in_path(name))
    for client in (plain, encoded):
        client.until(synced=True)

    plain.insert(0, "the same document")

    encoded.until(text="the same document")


def test_percent_encoded_names_are_decoded_once(process: ClientProcess, server: RunningServer) -> None:
    url = endpoint("y-websocket-v3", server.websocket_url)
    slash = process.join("slash", "y-websocket-v3", url, in_path("a/b"))
    percent = process.join("percent", "y-websocket-v3", url, in_path("a%2Fb"))
    slash.insert(0, "with a slash")
    percent.insert(0, "with a percent sign")

    for client, text in ((slash, "with a slash"), (percent, "with a percent sign")):
        reader = process.join("reader", "y-websocket-v3", url, in_path("a/b" if client is slash else "a%2Fb"))
        reader.until(synced=True, text=text)
        reader.leave()
