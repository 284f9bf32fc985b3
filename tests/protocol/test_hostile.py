"""Whatever bytes come, a codec reads them or refuses them with what came and what was expected; it raises nothing else."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import ProtocolError
from collab.protocol.lib0 import var_bytes, var_string, var_uint
from tests.protocol.recorded import FROM_CLIENTS, Recorded, decode, distinct

DialectName = Literal["hocuspocus", "y-websocket"]

dialects = st.sampled_from(["hocuspocus", "y-websocket"])
recorded_frames = st.sampled_from(distinct(FROM_CLIENTS))
PREFIX = {"hocuspocus": var_string("notes"), "y-websocket": b""}
BOTH = pytest.mark.parametrize("dialect", ["hocuspocus", "y-websocket"])


def refusal_of(dialect: str, frame: bytes) -> str | None:
    """Say why a frame is refused; `None` for one that is read."""
    try:
        decode(dialect, frame)
    except ProtocolError as refusal:
        return str(refusal)
    return None


@given(dialects, st.binary(max_size=80))
def test_random_bytes_are_read_or_refused(dialect: str, frame: bytes) -> None:
    refusal = refusal_of(dialect, frame)

    assert refusal is None or "expected" in refusal


@given(
    dialects,
    st.sampled_from([b"\x00\x00", b"\x00\x01", b"\x00\x02", b"\x01", b"\x02\x00", b"\x05"]),
    st.binary(max_size=80),
)
def test_known_type_before_random_bytes_is_read_or_refused(dialect: str, kind: bytes, rest: bytes) -> None:
    refusal = refusal_of(dialect, PREFIX[dialect] + kind + rest)

    assert refusal is None or "expected" in refusal


@given(recorded_frames, st.data())
def test_mutated_recorded_frame_is_read_or_refused(recorded: Recorded, data: st.DataObject) -> None:
    frame = bytearray(recorded.frame)
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))

    refusal = refusal_of(recorded.dialect, bytes(frame))

    assert refusal is None or "expected" in refusal


@BOTH
@pytest.mark.parametrize("kind", ["0000", "0001", "0002", "01"])
def test_length_far_beyond_the_frame_is_refused(dialect: DialectName, kind: str) -> None:
    refusal = refusal_of(dialect, PREFIX[dialect] + bytes.fromhex(kind) + var_uint(2**63) + b"short")

    assert refusal is not None
    assert refusal.startswith(f"a length of {2**63} bytes came")
    assert refusal.endswith("expected 5 at most")


@BOTH
def test_type_of_more_than_ten_bytes_is_refused(dialect: DialectName) -> None:
    refusal = refusal_of(dialect, PREFIX[dialect] + b"\x80" * 10 + b"\x00")

    assert refusal == (f"an integer of more than 10 bytes came at byte {len(PREFIX[dialect])}; expected 10 at most")


@BOTH
def test_huge_awareness_count_is_refused(dialect: DialectName) -> None:
    payload = var_uint(2**40) + b"\x01\x01\x02{}"

    refusal = refusal_of(dialect, PREFIX[dialect] + b"\x01" + var_bytes(payload))

    assert refusal == f"a count of {2**40} awareness entries came; expected 1 at most in 5 bytes"
