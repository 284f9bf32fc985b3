"""What we write is, byte for byte, what the real servers were recorded sending."""

from typing import Any

import pytest

from collab.protocol.awareness import encode_awareness
from collab.protocol.dialect import Dialect
from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.protocol.recorded import FROM_SERVERS, Recorded, distinct, entries_of

NEVER_SENT = {"query awareness", "token request", "close", "ping"}
"""What real servers may send, or the recorder said in their stead, and Collab does not."""

SERVER_FRAMES = tuple(recorded for recorded in distinct(FROM_SERVERS) if recorded.meaning["type"] not in NEVER_SENT)


@pytest.mark.parametrize("recorded", SERVER_FRAMES, ids=str)
def test_encoded_message_equals_the_recorded_frame(recorded: Recorded) -> None:
    assert _encode(recorded) == recorded.frame


def test_recorded_servers_send_every_message_that_the_dialects_write() -> None:
    both = {"sync step 1", "sync step 2", "update", "awareness"}
    sent = {(recorded.dialect, recorded.meaning["type"]) for recorded in SERVER_FRAMES}

    assert sent == {
        *(("y-websocket", kind) for kind in both),
        *(("hocuspocus", kind) for kind in both | {"authenticated", "permission denied", "stateless", "sync status"}),
    }


def _encode(recorded: Recorded) -> bytes | None:
    meaning = recorded.meaning
    if recorded.dialect == "y-websocket":
        return _encode_in(YWebsocketDialect(), meaning)
    dialect = HocuspocusDialect(meaning["address"])
    match meaning["type"]:
        case "authenticated":
            return dialect.authenticated(meaning["scope"])
        case "permission denied":
            return dialect.permission_denied(meaning["reason"])
    return _encode_in(dialect, meaning)


def _encode_in(dialect: Dialect, meaning: dict[str, Any]) -> bytes | None:
    match meaning["type"]:
        case "sync step 1":
            return dialect.sync_step1(bytes.fromhex(meaning["state_vector"]))
        case "sync step 2":
            return b"".join(dialect.sync_step2(bytes.fromhex(meaning["update"])))
        case "update":
            return dialect.sync_update(bytes.fromhex(meaning["update"]))
        case "awareness":
            return dialect.awareness(encode_awareness(entries_of(meaning)))
        case "stateless":
            return dialect.stateless(meaning["payload"])
        case "sync status":
            return dialect.sync_status(saved=meaning["saved"])
    raise AssertionError(f"no encoder writes a {meaning['type']}")
