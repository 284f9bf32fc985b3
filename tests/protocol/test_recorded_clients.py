"""What the real npm clients were recorded sending is read as what it means, and nothing else is taken for it."""

import pytest

from collab.errors import ProtocolError
from tests.protocol.recorded import FROM_CLIENTS, Recorded, decode, distinct, expected_message

CLIENT_FRAMES = distinct(FROM_CLIENTS)

TRAILING = (b"\x00", b"\x01", b"\x07\x00", b"\xff", b"\x00" * 20)
"""None of them is a whole string of a character or more, which after a token would be the version that version 4 appends."""


@pytest.mark.parametrize("recorded", FROM_CLIENTS, ids=str)
def test_recorded_frame_decodes_to_its_meaning(recorded: Recorded) -> None:
    assert recorded.decode() == expected_message(recorded)


def test_recorded_clients_send_every_message_of_their_dialect() -> None:
    sent = {(recorded.source, recorded.meaning["type"]) for recorded in FROM_CLIENTS}
    both = {"sync step 1", "sync step 2", "update", "awareness"}
    hocuspocus = both | {"authenticate", "stateless", "leave"}

    assert sent == {
        *((client, kind) for client in ("y-websocket-v2", "y-websocket-v3") for kind in both),
        *((client, kind) for client in ("hocuspocus-v2", "hocuspocus-v3", "hocuspocus-v4") for kind in hocuspocus),
        ("hocuspocus-v4", "pong"),
    }


def test_only_version_4_tells_its_version_with_the_token() -> None:
    told = {
        (recorded.source, recorded.meaning["version"])
        for recorded in FROM_CLIENTS
        if recorded.meaning["type"] == "authenticate"
    }

    assert told == {("hocuspocus-v2", None), ("hocuspocus-v3", None), ("hocuspocus-v4", "4.8.0")}


def test_no_recorded_client_sends_trailing_bytes() -> None:
    assert [str(recorded) for recorded in FROM_CLIENTS if recorded.meaning["trailing"]] == []


@pytest.mark.parametrize("recorded", CLIENT_FRAMES, ids=str)
def test_every_truncation_of_a_recorded_frame_is_refused(recorded: Recorded) -> None:
    for length in range(len(recorded.frame)):
        if length == _length_without_version(recorded):
            continue  # a whole frame of versions 2 and 3
        with pytest.raises(ProtocolError, match="expected"):
            decode(recorded.dialect, recorded.frame[:length])


@pytest.mark.parametrize("trailing", TRAILING, ids=bytes.hex)
@pytest.mark.parametrize("recorded", CLIENT_FRAMES, ids=str)
def test_bytes_after_a_recorded_frame_are_refused(recorded: Recorded, trailing: bytes) -> None:
    with pytest.raises(ProtocolError, match="expected"):
        decode(recorded.dialect, recorded.frame + trailing)


def _length_without_version(recorded: Recorded) -> int | None:
    version = recorded.meaning.get("version")
    return None if version is None else len(recorded.frame) - len(version.encode()) - 1
