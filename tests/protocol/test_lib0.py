import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.errors import ProtocolError
from collab.protocol.lib0 import MAX_VAR_UINT_BYTES, Reader, var_bytes, var_string, var_uint

LARGEST = 2 ** (7 * MAX_VAR_UINT_BYTES) - 1


@given(st.integers(0, LARGEST))
def test_integer_round_trips(value: int) -> None:
    reader = Reader(var_uint(value))

    assert reader.var_uint() == value
    reader.end()


@given(st.binary(max_size=400))
def test_byte_array_round_trips(value: bytes) -> None:
    reader = Reader(var_bytes(value))

    assert reader.var_bytes() == value
    reader.end()


@given(st.text(max_size=200))
def test_string_round_trips(value: str) -> None:
    reader = Reader(var_string(value))

    assert reader.var_string() == value
    reader.end()


@given(st.integers(0, LARGEST), st.binary(), st.text())
def test_values_are_read_in_the_order_they_were_written(number: int, blob: bytes, text: str) -> None:
    reader = Reader(var_string(text) + var_uint(number) + var_bytes(blob))

    assert (reader.var_string(), reader.var_uint(), reader.var_bytes(), reader.remaining()) == (text, number, blob, 0)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**32 - 1, "ffffffff0f"), (2**53 - 1, "ffffffffffffff0f")],
)
def test_integer_is_written_as_lib0_writes_it(value: int, written: str) -> None:
    assert var_uint(value).hex() == written


def test_integer_with_needless_zero_digits_is_read() -> None:
    assert Reader(b"\x85\x80\x00").var_uint() == 5


def test_length_of_a_string_counts_its_bytes() -> None:
    assert var_string("Höpper 🛳") == b"\x0c" + "Höpper 🛳".encode()


@pytest.mark.parametrize(
    ("text", "written"), [("\ud83d", "�"), ("a\udc00b", "a�b"), ("\ud83d\udef3", "🛳")], ids=["high", "low", "pair"]
)
def test_lone_surrogate_is_written_as_a_browser_writes_it(text: str, written: str) -> None:
    assert var_string(text) == var_string(written)


def test_integer_of_eleven_bytes_is_refused() -> None:
    with pytest.raises(ProtocolError, match="an integer of more than 10 bytes came at byte 0; expected 10 at most"):
        Reader(b"\x80" * 10 + b"\x01").var_uint()


def test_endless_integer_is_refused_without_being_read() -> None:
    with pytest.raises(ProtocolError, match="more than 10 bytes"):
        Reader(b"\xff" * 1_000_000).var_uint()


@pytest.mark.parametrize("frame", [b"", b"\x80", b"\xff" * 9])
def test_integer_that_does_not_end_is_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"(\d|no) bytes came; expected more, for the integer at byte 0"):
        Reader(frame).var_uint()


@given(st.binary(max_size=30), st.integers(1, 2**64))
def test_length_beyond_the_frame_is_refused(content: bytes, beyond: int) -> None:
    reader = Reader(var_uint(len(content) + beyond) + content)

    with pytest.raises(ProtocolError, match=f"expected {len(content)} at most"):
        reader.var_bytes()


@pytest.mark.parametrize("text", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xe2\x82", b"\xc0\x80"], ids=bytes.hex)
def test_string_that_is_not_utf8_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"the string at byte 0 holds an .*; expected UTF-8"):
        Reader(var_bytes(text)).var_string()


def test_bytes_that_are_left_are_refused_at_the_end() -> None:
    reader = Reader(b"\x01\x02\x03")
    reader.var_uint()

    with pytest.raises(ProtocolError, match="2 bytes came after a complete message; expected none"):
        reader.end()
