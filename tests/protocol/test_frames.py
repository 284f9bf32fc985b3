import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from collab.protocol.frames import EMPTY_PING, Frame

LENGTHS_AROUND_EACH_HEADER = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]


def read_as_a_client(wire: bytes) -> PeerFrame:
    """Parse one unmasked frame to the end of these bytes, as the `websockets` package does."""
    stream = StreamReader()
    stream.feed_data(wire)
    parsing = PeerFrame.parse(stream.read_exact, mask=False)
    with pytest.raises(StopIteration) as parsed:
        next(parsing)
    stream.feed_eof()
    assert not stream.buffer
    frame = parsed.value.value
    assert isinstance(frame, PeerFrame)
    return frame


@pytest.mark.parametrize("length", LENGTHS_AROUND_EACH_HEADER)
def test_frame_of_every_header_is_read_by_a_client(length: int) -> None:
    payload = bytes(length)

    frame = read_as_a_client(Frame.binary(payload).wire)

    assert (frame.opcode, frame.fin, frame.data) == (Opcode.BINARY, True, payload)


@pytest.mark.parametrize("length", LENGTHS_AROUND_EACH_HEADER)
def test_frame_is_what_the_websockets_package_writes(length: int) -> None:
    payload = bytes(length)

    assert Frame.binary(payload).wire == PeerFrame(Opcode.BINARY, payload).serialize(mask=False)


@given(st.binary(max_size=300))
def test_payload_is_what_was_framed(payload: bytes) -> None:
    assert Frame.binary(payload).payload == payload


@pytest.mark.parametrize("length", LENGTHS_AROUND_EACH_HEADER)
def test_payload_is_found_behind_every_header(length: int) -> None:
    payload = b"\x01" * length

    assert Frame.binary(payload).payload == payload


def test_payload_is_cut_out_once() -> None:
    frame = Frame.binary(b"x" * 1000)

    assert frame.payload is frame.payload


def test_empty_ping_is_read_by_a_client() -> None:
    frame = read_as_a_client(EMPTY_PING)

    assert (frame.opcode, frame.fin, frame.data) == (Opcode.PING, True, b"")


def test_frame_shows_its_size_and_not_its_content() -> None:
    assert repr(Frame.binary(b"secret")) == "<Frame of 8 bytes>"


@pytest.mark.parametrize("length", [0, 1, 124, 125, 65_534, 65_535])
def test_frame_of_parts_is_that_of_the_whole(length: int) -> None:
    assert Frame.joined(b"x", b"y" * length).wire == Frame.binary(b"x" + b"y" * length).wire
