"""Frames that are none: each ends its own session, with a code that says not to try again, and nobody else's."""

from collections.abc import Callable

import pytest

from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import var_bytes, var_string, var_uint
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.hostile.live import LiveRoom
from tests.support.peers import Peer

FINAL = 4400
FRAMES: dict[str, bytes] = {
    "truncated type": b"\x80",
    "truncated sync": b"\x00",
    "truncated update": b"\x00\x02\x09\x01",
    "truncated awareness": b"\x01\x05\x01\x01",
    "integer of eleven bytes": b"\x80" * 10 + b"\x00",
    "length in eleven bytes": b"\x00\x02" + b"\x80" * 10 + b"\x00",
    "length of 2^32 beyond the frame": b"\x00\x02" + var_uint(2**32) + b"short",
    "length of 2^63 beyond the frame": b"\x00\x02" + var_uint(2**63) + b"short",
    "awareness count beyond the frame": b"\x01" + var_bytes(var_uint(2**40) + b"\x01\x01\x02{}"),
    "unknown type": b"\x2a",
    "type of 2^63": var_uint(2**63),
    "unknown sync step": b"\x00\x03\x00",
    "opcode 6 (broadcast stateless)": b"\x06" + var_string("hello"),
    "opcode 4 (sync reply)": b"\x04\x00" + var_bytes(b"\x00"),
    "opcode 8 (sync status)": b"\x08\x01",
    "trailing byte behind an update": YWebsocketDialect().sync_update(Peer(66).type("x")) + b"\x00",
    "trailing bytes behind a question": b"\x00\x00\x01\x00junk",
    "trailing bytes behind awareness": b"\x01\x01\x00junk",
    "state vector of another count": b"\x00\x00" + var_bytes(var_uint(1_000_000) + b"\x01\x01"),
    "state vector of 2^32 clients": b"\x00\x00" + var_bytes(var_uint(2**32)),
}
HOCUSPOCUS_FRAMES: dict[str, Callable[[str], bytes]] = {
    "address beyond the frame": lambda name: var_uint(2**40) + name.encode(),
    "address that is no UTF-8": lambda name: var_bytes(b"\xff\xfe") + b"\x00\x00\x01\x00",
    "unknown auth message": lambda name: var_string(name) + b"\x02\x07",
    "address alone": var_string,
    "stateless beyond the frame": lambda name: var_string(name) + b"\x05" + var_uint(2**40) + b"short",
    "stateless that is no UTF-8": lambda name: var_string(name) + b"\x05" + var_bytes(b"\xff\xfe"),
    "pong and more": lambda name: b"\x0a\x00",
}


def each(frames: dict[str, bytes]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("frame", frames.values(), ids=[*frames])


@each({"empty frame": b"", **FRAMES})
async def test_frame_that_is_none_ends_one_y_websocket_session(live: LiveRoom, frame: bytes) -> None:
    async with live.attacked(), live.y_websocket() as client:
        await client.say(frame)

        assert (await client.ending())[0] == FINAL


@each(FRAMES)
async def test_frame_that_is_none_ends_one_hocuspocus_session(live: LiveRoom, frame: bytes) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        await client.say(var_string(live.name) + frame)

        assert (await client.ending())[0] == FINAL


@pytest.mark.parametrize("make", [lambda _: b"", *HOCUSPOCUS_FRAMES.values()], ids=["empty frame", *HOCUSPOCUS_FRAMES])
async def test_frame_that_only_hocuspocus_could_know_ends_one_session(
    live: LiveRoom, make: Callable[[str], bytes]
) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        await client.say(make(live.name))

        assert (await client.ending())[0] == FINAL


@pytest.mark.parametrize("dialect", ["y-websocket", "hocuspocus"])
async def test_text_frame_ends_one_session(live: LiveRoom, dialect: str) -> None:
    async with live.attacked():
        if dialect == "y-websocket":
            async with live.y_websocket() as client:
                await client.connection.send("hello")
                assert (await client.ending())[0] == FINAL
        else:
            async with live.hocuspocus() as other:
                await other.connection.send("hello")
                assert (await other.ending())[0] == FINAL


async def test_frame_for_a_document_that_was_not_asked_for_changes_nothing_there(live: LiveRoom) -> None:
    dialect = HocuspocusDialect(live.name)
    async with live.attacked(), live.hocuspocus("reader") as client:
        await client.authenticate("another", live.token())
        await client.say(dialect.sync_update(Peer(66).type("x")))
        await client.say(HocuspocusDialect(f"{live.name}\x00another session").sync_update(Peer(66).type("x")))
        await client.sync(live.name)
