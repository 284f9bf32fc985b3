import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import ProtocolError
from collab.protocol.awareness import EMPTY_AWARENESS, encode_awareness
from collab.protocol.hocuspocus import PING, PONG, Addressed, HocuspocusDialect, HocuspocusMessage, decode
from collab.protocol.lib0 import var_string
from collab.protocol.messages import (
    Authenticate,
    Awareness,
    AwarenessEntry,
    Leave,
    Ping,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStep1,
    SyncStep2,
    SyncUpdate,
)
from tests.protocol.strategies import payloads, presences, texts

PREFIX = var_string("notes")


def message_of(frame: bytes, address: str = "notes") -> HocuspocusMessage:
    addressed = decode(frame)
    assert isinstance(addressed, Addressed)
    assert addressed.address == address
    return addressed.message


@given(texts, payloads)
def test_step1_round_trips(address: str, state_vector: bytes) -> None:
    frame = HocuspocusDialect(address).sync_step1(state_vector)

    assert message_of(frame, address) == SyncStep1(state_vector)


@given(texts, payloads)
def test_step2_round_trips(address: str, update: bytes) -> None:
    frame = b"".join(HocuspocusDialect(address).sync_step2(update))

    assert message_of(frame, address) == SyncStep2(update)


@given(texts, payloads)
def test_update_round_trips(address: str, update: bytes) -> None:
    frame = HocuspocusDialect(address).sync_update(update)

    assert message_of(frame, address) == SyncUpdate(update)


@given(texts, presences)
def test_awareness_round_trips(address: str, presence: list[AwarenessEntry]) -> None:
    frame = HocuspocusDialect(address).awareness(encode_awareness(presence))

    assert message_of(frame, address) == Awareness(tuple(presence))


@given(texts, texts)
def test_stateless_round_trips(address: str, payload: str) -> None:
    frame = HocuspocusDialect(address).stateless(payload)

    assert message_of(frame, address) == Stateless(payload)


@given(texts)
def test_token_of_versions_2_and_3_is_read(token: str) -> None:
    assert message_of(PREFIX + b"\x02\x00" + var_string(token)) == Authenticate(token, None)


@given(texts, st.text(min_size=1))
def test_token_of_version_4_is_read_with_its_version(token: str, version: str) -> None:
    frame = PREFIX + b"\x02\x00" + var_string(token) + var_string(version)

    assert message_of(frame) == Authenticate(token, version)


def test_query_awareness_is_read() -> None:
    assert message_of(PREFIX + b"\x03") == QueryAwareness()


def test_leave_is_read() -> None:
    assert message_of(PREFIX + b"\x07") == Leave()


def test_bare_ping_and_pong_are_read() -> None:
    assert (decode(PING), decode(PONG)) == (Ping(), Pong())


def test_document_is_the_address_without_the_session() -> None:
    assert Addressed("notes\x00k3x9", Leave()).document == "notes"
    assert Addressed("notes", Leave()).document == "notes"


def test_dialects_of_one_address_are_one_value() -> None:
    assert HocuspocusDialect("a") == HocuspocusDialect("a")
    assert len({HocuspocusDialect("a"), HocuspocusDialect("a"), HocuspocusDialect("b")}) == 2


def test_keep_alive_is_an_empty_awareness_update() -> None:
    assert HocuspocusDialect("notes").keep_alive() == PREFIX + b"\x01\x01" + EMPTY_AWARENESS


def test_empty_frame_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no bytes came; expected more"):
        decode(b"")


def test_frame_without_a_message_is_refused() -> None:
    with pytest.raises(ProtocolError, match="6 bytes came; expected more, for the integer at byte 6"):
        decode(PREFIX)


@pytest.mark.parametrize("kind", [4, 6, 8, 9, 10, 11, 127])
def test_type_that_no_client_sends_is_refused(kind: int) -> None:
    with pytest.raises(ProtocolError, match=rf"message type {kind} came; expected 0 \(sync\), 1"):
        decode(PREFIX + bytes((kind,)) + var_string("payload"))


def test_unknown_sync_step_is_refused() -> None:
    with pytest.raises(ProtocolError, match="sync step 3 came; expected 0"):
        decode(PREFIX + b"\x00\x03\x00")


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_auth_message_that_only_servers_send_is_refused(kind: int) -> None:
    with pytest.raises(ProtocolError, match=rf"auth message {kind} came; expected 0 \(token\)"):
        decode(PREFIX + bytes((2, kind)) + var_string("readonly"))


def test_empty_provider_version_is_refused() -> None:
    with pytest.raises(ProtocolError, match="an empty provider version came"):
        decode(PREFIX + b"\x02\x00" + var_string("token") + b"\x00")


def test_address_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ProtocolError, match="the string at byte 0 holds an invalid start byte; expected UTF-8"):
        decode(b"\x02\xff\xfe\x03")
