"""Reading WebSocket frames, beside wsproto as an oracle and against the rules of RFC 6455 one by one."""

import random
import tracemalloc
from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage
from wsproto.events import Ping as PingEvent
from wsproto.events import Pong as PongEvent
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError

from collab.errors import FramingError, MessageTooLarge, ServerBusy
from collab.protocol.budget import PIECE_BYTES, Budget
from collab.protocol.frame_reader import Close, FrameReader, Ping, Pong, ReadEvent, Text, unmask

LIMIT: Final = 1_000_000
MASK: Final = b"\x11\x22\x33\x44"


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = MASK, reserved: int = 0) -> bytes:
    """A client's frame, made by hand so that it may break any rule."""
    first = (0x80 if final else 0) | reserved | opcode
    length = len(payload)
    if length < 126:
        header = bytes((first, 0x80 | length))
    elif length < 65536:
        header = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        header = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return header + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def read(chunks: Iterable[bytes], limit: int = LIMIT) -> list[ReadEvent]:
    reader = FrameReader(limit, Budget(100 * LIMIT, "halves"))
    return [event for chunk in chunks for event in reader.feed(chunk)]


def cut(data: bytes, source: random.Random) -> list[bytes]:
    """Cut bytes into pieces of any size, as a network may."""
    pieces = []
    while data:
        size = source.choice((1, 1, 2, 3, 5, 20, 500, len(data)))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def by_wsproto(data: bytes) -> list[ReadEvent]:
    """What wsproto makes of the same bytes, in our words."""
    connection = Connection(ConnectionType.SERVER)
    connection.receive_data(data)
    events: list[ReadEvent] = []
    parts: list[bytes] = []
    for event in connection.events():
        match event:
            case BytesMessage():
                parts.append(bytes(event.data))
                if event.message_finished:
                    events.append(b"".join(parts))
                    parts = []
            case TextMessage():
                if event.message_finished:
                    events.append(Text())
            case PingEvent():
                events.append(Ping(bytes(event.payload)))
            case PongEvent():
                events.append(Pong())
            case CloseConnection() if connection.state is ConnectionState.REMOTE_CLOSING:
                events.append(Close(int(event.code)))
            case CloseConnection():  # which it makes up for bytes that it refuses
                raise RemoteProtocolError(event.reason or "")
    return events


messages = st.one_of(
    st.binary(max_size=300).map(lambda payload: [(2, payload, True)]),
    st.binary(min_size=65_530, max_size=65_540).map(lambda payload: [(2, payload, True)]),
    st.text(max_size=40).map(lambda text: [(1, text.encode(), True)]),
    st.binary(max_size=125).map(lambda payload: [(9, payload, True)]),
    st.binary(max_size=125).map(lambda payload: [(10, payload, True)]),
    st.lists(st.binary(max_size=200), min_size=2, max_size=5).map(
        lambda parts: [(0 if n else 2, part, n == len(parts) - 1) for n, part in enumerate(parts)]
    ),
)


@given(st.lists(messages, max_size=8), st.binary(min_size=4, max_size=4), st.integers())
def test_reader_agrees_with_wsproto_however_bytes_are_cut(
    sent: list[list[tuple[int, bytes, bool]]], mask: bytes, seed: int
) -> None:
    data = b"".join(
        frame(opcode, payload, final=final, mask=mask) for frames in sent for opcode, payload, final in frames
    )

    assert read(cut(data, random.Random(seed))) == by_wsproto(data)


any_frame = st.builds(
    frame,
    st.sampled_from(
        [0, 0, 2, 2, 3, 7, 9, 10, 11, 15]
    ),  # text is left out: wsproto checks its UTF-8, and we only that it came
    st.one_of(st.binary(max_size=20), st.binary(min_size=120, max_size=130)),
    final=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 0, 0x40, 0x10]),
)
goodbye = st.one_of(st.just(b""), st.binary(max_size=10).map(lambda payload: frame(8, payload)))


@given(st.lists(any_frame, max_size=6), goodbye, st.integers())
def test_frames_of_any_kind_are_taken_and_refused_as_by_wsproto(frames: list[bytes], last: bytes, seed: int) -> None:
    data = b"".join(frames) + last
    try:
        expected: list[ReadEvent] | None = by_wsproto(data)
    except RemoteProtocolError:
        expected = None
    try:
        got: list[ReadEvent] | None = read(cut(data, random.Random(seed)))
    except FramingError:
        got = None

    assert got == expected


def test_ping_inside_a_fragmented_message_is_read_between_its_parts() -> None:
    data = frame(2, b"ab", final=False) + frame(9, b"?") + frame(0, b"cd")

    assert read([data]) == [Ping(b"?"), b"abcd"]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_001])
def test_payload_of_each_length_form_is_read_byte_by_byte(size: int) -> None:
    payload = random.Random(size).randbytes(size)
    data = frame(2, payload)

    assert read(data[at : at + 1] for at in range(len(data))) == [payload]


def test_large_message_in_many_pieces_is_joined_once() -> None:
    reader = FrameReader(LIMIT, Budget(100 * LIMIT, "halves"))
    data = frame(2, bytes(900_000))
    for at in range(0, len(data) - 1, 1_000):
        assert reader.feed(data[at : min(at + 1_000, len(data) - 1)]) == []
    held = sum(map(len, reader._chunks))

    assert held == len(data) - 1
    assert reader.feed(data[-1:]) == [bytes(900_000)]


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(frame(2, b"x", reserved=0x40), "reserved bits", id="compressed"),
        pytest.param(b"\x82\x01x", "unmasked", id="unmasked"),
        pytest.param(b"\x82\x7e\x00\x80" + bytes(128), "unmasked", id="unmasked, 16-bit length"),
        pytest.param(b"\x82\xfe\x00\x7d", "shortest form", id="16-bit length of 125"),
        pytest.param(b"\x82\xff" + (65_535).to_bytes(8, "big"), "shortest form", id="64-bit length of 65,535"),
        pytest.param(b"\x82\xff" + (2**63).to_bytes(8, "big"), "shortest form", id="length with the highest bit"),
        pytest.param(frame(9, bytes(126)), "control frame", id="long ping"),
        pytest.param(frame(8, final=False), "control frame", id="fragmented close"),
        pytest.param(frame(0, b"x"), "without a message", id="continuation of nothing"),
        pytest.param(frame(2, b"x", final=False) + frame(2, b"y"), "inside a fragmented", id="message in message"),
        pytest.param(frame(3), "reserved opcode 3", id="reserved opcode"),
        pytest.param(frame(11), "reserved opcode 11", id="reserved control opcode"),
        pytest.param(frame(8, b"\x03"), "half a code", id="half a close code"),
        pytest.param(frame(8, (1006).to_bytes(2, "big")), "1006", id="close code never sent"),
        pytest.param(frame(8, (999).to_bytes(2, "big")), "999", id="close code too low"),
        pytest.param(frame(8, (5000).to_bytes(2, "big")), "5000", id="close code too high"),
        pytest.param(frame(8, (1000).to_bytes(2, "big") + b"\xff"), "not UTF-8", id="close reason"),
    ],
)
def test_bytes_that_rfc_6455_forbids_are_refused(data: bytes, refusal: str) -> None:
    with pytest.raises(FramingError, match=refusal):
        read([data])


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(frame(2, bytes(1_001))[:8], id="16 bits"),
        pytest.param(b"\x82\xff" + (2**62).to_bytes(8, "big"), id="64 bits"),
    ],
)
def test_message_over_the_limit_is_refused_by_its_header(header: bytes) -> None:
    with pytest.raises(MessageTooLarge, match="1000 are allowed"):
        read([header], limit=1_000)


def test_fragments_count_together_against_the_limit() -> None:
    with pytest.raises(MessageTooLarge):
        read([frame(2, bytes(600), final=False), frame(0, bytes(600))[:8]], limit=1_000)


def test_message_at_the_limit_is_read() -> None:
    assert read([frame(2, bytes(1_000))], limit=1_000) == [bytes(1_000)]


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 1005), ((1000).to_bytes(2, "big") + "gruß".encode(), 1000), ((4400).to_bytes(2, "big"), 4400)],
)
def test_close_tells_its_code(payload: bytes, code: int) -> None:
    assert read([frame(8, payload)]) == [Close(code)]
    assert by_wsproto(frame(8, payload)) == [Close(code)] or code == CloseReason.NO_STATUS_RCVD


@given(st.binary(max_size=1_000), st.binary(min_size=4, max_size=4))
def test_mask_comes_off(payload: bytes, mask: bytes) -> None:
    assert unmask(frame(2, payload, mask=mask)[-len(payload) :] if payload else b"", mask) == payload


def test_empty_fragments_take_no_memory() -> None:
    reader = FrameReader(LIMIT, Budget(100 * LIMIT, "halves"))
    reader.feed(frame(2, b"a", final=False))
    empty = frame(0, final=False) * 1_000
    reader.feed(empty)
    tracemalloc.start()
    try:
        for _ in range(50):
            reader.feed(empty)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert taken < 10_000
    assert reader.feed(frame(0, b"b")) == [b"ab"]


# What has not come whole, of all connections together


def test_messages_that_come_whole_need_no_room() -> None:
    reader = FrameReader(LIMIT, Budget(0, "halves"))

    assert reader.feed(frame(2, b"a") + frame(9) + frame(2, bytes(100_000))) == [b"a", Ping(b""), bytes(100_000)]


@pytest.mark.parametrize(
    ("first", "rest"),
    [
        pytest.param([frame(2, bytes(500))[:300], frame(2, bytes(500))[300:400]], frame(2, bytes(500))[400:], id="cut"),
        pytest.param([frame(2, bytes(300), final=False)], frame(0, bytes(200)), id="fragments"),
        pytest.param(
            [frame(2, bytes(300), final=False), frame(0, bytes(200))[:50]], frame(0, bytes(200))[50:], id="both"
        ),
        pytest.param([frame(9) + frame(2, bytes(500))[:300]], frame(2, bytes(500))[300:], id="behind another"),
    ],
)
@pytest.mark.parametrize("ends", ["whole", "forgotten"])
def test_what_has_not_come_whole_takes_room_until_it_has_or_the_connection_ends(
    first: list[bytes], rest: bytes, ends: str
) -> None:
    budget = Budget(600, "halves")
    reader = FrameReader(LIMIT, budget)
    for part in first:
        reader.feed(part)
    with pytest.raises(ServerBusy):
        budget.take(301)

    if ends == "whole":
        assert reader.feed(rest) == [bytes(500)]
    else:
        reader.forget()

    budget.take(600)


def test_half_of_a_message_that_finds_no_room_ends_its_own_connection_alone() -> None:
    budget = Budget(1_000, "halves")
    one, other = FrameReader(LIMIT, budget), FrameReader(LIMIT, budget)
    data = frame(2, bytes(1_200))
    one.feed(data[:600])

    with pytest.raises(ServerBusy, match="1000 are allowed"):
        other.feed(data[:600])
    other.forget()

    assert one.feed(data[600:]) == [bytes(1_200)]


def test_message_in_pieces_of_two_bytes_takes_room_for_what_holds_them() -> None:
    reader = FrameReader(LIMIT, Budget(10 * (2 + PIECE_BYTES), "halves"))
    data = frame(2, bytes(1_000))
    for at in range(0, 20, 2):
        reader.feed(data[at : at + 2])

    with pytest.raises(ServerBusy):
        reader.feed(data[20:22])
