import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import ProtocolError
from collab.protocol.awareness import EMPTY_AWARENESS, MAX_SAFE_INTEGER, decode_awareness, encode_awareness
from collab.protocol.lib0 import var_string, var_uint
from collab.protocol.limits import Limits
from collab.protocol.messages import AwarenessEntry
from tests.protocol.strategies import entries


@given(st.lists(entries))
def test_awareness_round_trips(presence: list[AwarenessEntry]) -> None:
    assert decode_awareness(encode_awareness(presence)).entries == tuple(presence)


def test_empty_awareness_tells_of_nobody() -> None:
    assert encode_awareness([]) == EMPTY_AWARENESS
    assert decode_awareness(EMPTY_AWARENESS).entries == ()


@pytest.mark.parametrize("count", [1, 2, 2**32, 2**69])
def test_count_beyond_the_payload_is_refused_before_anything_is_read(count: int) -> None:
    with pytest.raises(
        ProtocolError, match=f"a count of {count} awareness entries came; expected 0 at most in 2 bytes"
    ):
        decode_awareness(var_uint(count) + b"\x01\x00")


def test_fewer_entries_than_declared_are_refused() -> None:
    entry = var_uint(7) + var_uint(1) + var_string('{"a":1}')

    with pytest.raises(ProtocolError, match="expected"):
        decode_awareness(var_uint(2) + entry)


def test_more_entries_than_declared_are_refused() -> None:
    entry = var_uint(7) + var_uint(1) + var_string("{}")

    with pytest.raises(ProtocolError, match="5 bytes came after a complete message; expected none"):
        decode_awareness(var_uint(1) + entry * 2)


@pytest.mark.parametrize(("client_id", "clock"), [(2**53, 0), (0, 2**53), (2**69, 2**69)])
def test_number_that_javascript_cannot_count_is_refused(client_id: int, clock: int) -> None:
    payload = encode_awareness([AwarenessEntry(client_id, clock, "{}")])

    with pytest.raises(
        ProtocolError, match=rf"id {client_id} with clock {clock} came; expected neither to be over 2\^53 - 1"
    ):
        decode_awareness(payload)


def test_largest_number_of_javascript_is_taken() -> None:
    entry = AwarenessEntry(MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, "null")

    assert decode_awareness(encode_awareness([entry])).entries == (entry,)


def test_more_entries_than_any_room_has_are_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="expected 20000 at most"):
        decode_awareness(var_uint(20_001) + b"\x01\x01\x00" * 20_001)


def test_more_entries_than_the_setting_allows_are_refused_unread() -> None:
    payload = var_uint(4) + b"\x01\x01\x00" * 4

    with pytest.raises(ProtocolError, match="expected 3 at most"):
        decode_awareness(payload, Limits(awareness_entries=3))
    assert len(decode_awareness(payload).entries) == 4
