import pytest
from hypothesis import given

from collab.errors import ProtocolError
from collab.protocol.awareness import encode_awareness
from collab.protocol.dialect import Dialect
from collab.protocol.lib0 import var_uint
from collab.protocol.messages import Awareness, AwarenessEntry, QueryAwareness, SyncStep1, SyncStep2, SyncUpdate
from collab.protocol.ywebsocket import YWebsocketDialect, decode
from tests.protocol.strategies import payloads, presences

DIALECT = YWebsocketDialect()


@given(payloads)
def test_step1_round_trips(state_vector: bytes) -> None:
    assert decode(DIALECT.sync_step1(state_vector)) == SyncStep1(state_vector)


@given(payloads)
def test_step2_round_trips(update: bytes) -> None:
    assert decode(b"".join(DIALECT.sync_step2(update))) == SyncStep2(update)


@given(payloads)
def test_update_round_trips(update: bytes) -> None:
    assert decode(DIALECT.sync_update(update)) == SyncUpdate(update)


@given(presences)
def test_awareness_round_trips(presence: list[AwarenessEntry]) -> None:
    assert decode(DIALECT.awareness(encode_awareness(presence))) == Awareness(tuple(presence))


def test_query_awareness_is_read() -> None:
    assert decode(b"\x03") == QueryAwareness()


def test_keep_alive_is_an_empty_awareness_update() -> None:
    assert DIALECT.keep_alive() == b"\x01\x01\x00"
    assert decode(DIALECT.keep_alive()) == Awareness(())


def test_dialect_has_no_word_for_acknowledgements_and_application_messages() -> None:
    dialect: Dialect = DIALECT

    assert dialect.sync_status(saved=True) is None
    assert dialect.stateless("payload") is None


def test_all_sessions_share_one_dialect() -> None:
    assert YWebsocketDialect() == DIALECT
    assert hash(YWebsocketDialect()) == hash(DIALECT)


def test_empty_frame_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no bytes came; expected more"):
        decode(b"")


@pytest.mark.parametrize("kind", [2, 4, 5, 100, 2**40])
def test_type_that_no_client_sends_is_refused(kind: int) -> None:
    with pytest.raises(ProtocolError, match=rf"message type {kind} came; expected 0 \(sync\), 1"):
        decode(var_uint(kind) + b"\x00")


def test_unknown_sync_step_is_refused() -> None:
    with pytest.raises(ProtocolError, match="sync step 3 came; expected 0"):
        decode(b"\x00\x03\x00")
