"""Whoever wants more than their share: of memory, of connections, of the server's patience."""

import base64
import os
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from typing import Final
from urllib.parse import quote

import anyio
import anyio.to_thread
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collab.protocol.lib0 import var_bytes, var_string
from collab.protocol.limits import DEFAULTS
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.gateways.clients import DEADLINE, hocuspocus
from tests.gateways.raw import RawClient
from tests.hostile.live import LiveRoom
from tests.hostile.test_updates import ROOT, of_one_struct
from tests.support.eventually import eventually
from tests.support.heard import Status, Step2

MEMORY: Final = 48 * 1024 * 1024
"""Bytes that an attack may cost the server's process while it lasts; a message that is allowed is a twelfth of it."""

BOMB_BYTES: Final = 300_000_000
"""What the bomb becomes, from 300 kB."""


@asynccontextmanager
async def memory_bounded(live: LiveRoom) -> AsyncIterator[None]:
    """Measure the server's memory all the time, and see that it never grows past `MEMORY`."""
    process = psutil.Process(live.server.pid)
    before = peak = process.memory_info().rss

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, process.memory_info().rss)
            await anyio.sleep(0.002)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        yield
        tasks.cancel_scope.cancel()
    assert peak - before < MEMORY, f"the server grew by {(peak - before) / 1e6:.0f} MB"


def upgrade_request(live: LiveRoom, path: str, extra: str = "") -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {live.server.address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extra}\r\n"
    ).encode()


async def opened_socket(live: LiveRoom, sent: bytes) -> anyio.abc.SocketStream:
    host, port = live.server.address.split(":")
    stream = await anyio.connect_tcp(host, int(port))
    await stream.send(sent)
    return stream


async def upgraded_socket(live: LiveRoom, path: str, extra: str = "") -> tuple[anyio.abc.SocketStream, bytes]:
    """Return a socket that may send frames, and what its upgrade was answered."""
    stream = await opened_socket(live, upgrade_request(live, path, extra))
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += await stream.receive(1)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return stream, answer


async def answer_of(stream: anyio.abc.SocketStream) -> bytes:
    """Read until the server closes the connection."""
    answer = b""
    with anyio.fail_after(DEADLINE), suppress(anyio.BrokenResourceError, anyio.EndOfStream):
        while True:
            answer += await stream.receive()
    return answer


async def answer_to(stream: anyio.abc.SocketStream, sent: bytes) -> bytes:
    """Send this while reading until the server closes the connection. Nothing is read where it resets that before."""
    answer = b""

    async def send() -> None:
        with suppress(anyio.BrokenResourceError):
            await stream.send(sent)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        answer = await answer_of(stream)
        tasks.cancel_scope.cancel()
    return answer


@pytest.mark.parametrize("path", ["/hocuspocus", "/sync/"])
async def test_deflate_bomb_is_not_unpacked(live: LiveRoom, path: str) -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = compressor.compress(bytes(BOMB_BYTES)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    frame = b"\xc2\xff" + len(bomb).to_bytes(8, "big") + bytes(4) + bomb
    path = path if path == "/hocuspocus" else f"/sync/{quote(live.name)}?token={live.token()}"
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    async with live.attacked(), memory_bounded(live):
        for _ in range(3):
            stream, answer = await upgraded_socket(live, path, offer)
            async with stream:
                assert b"permessage-deflate" not in answer
                with suppress(anyio.BrokenResourceError):
                    await stream.send(frame)
                await answer_of(stream)


async def test_frame_that_declares_more_than_may_be_is_refused_by_its_header(live: LiveRoom) -> None:
    path = f"/sync/{quote(live.name)}?token={live.token()}"
    async with live.attacked(), memory_bounded(live):
        for _ in range(20):
            stream, _ = await upgraded_socket(live, path)
            async with stream:
                await stream.send(b"\x82\xff" + (2**40).to_bytes(8, "big") + bytes(4) + b"begins")
                assert (1009).to_bytes(2, "big") in await answer_of(stream)


async def test_message_in_endless_fragments_is_refused_at_the_limit(live: LiveRoom) -> None:
    path = f"/sync/{quote(live.name)}?token={live.token()}"
    fragment = b"\x00\xff" + (100_000).to_bytes(8, "big") + bytes(4) + bytes(100_000)
    async with live.attacked(), memory_bounded(live):
        stream, _ = await upgraded_socket(live, path)
        async with stream:
            with suppress(anyio.BrokenResourceError):
                await stream.send(b"\x02\x80" + bytes(4))
                for _ in range(200):
                    await stream.send(fragment)
            await answer_of(stream)


async def test_edits_that_build_upon_missing_ones_are_held_up_to_a_limit(live: LiveRoom) -> None:
    chunk = b"x" * 65_536
    most = DEFAULTS.held_bytes // len(chunk)
    answers = []
    live.may_change = True
    async with live.attacked(), memory_bounded(live), live.hocuspocus() as client:
        for number in range(2 * most):
            late = of_one_struct(b"\x04" + ROOT + var_bytes(chunk), clock=1 + number * 100_000)
            await client.update(late, live.name)
            answers.append((await client.until(Status, live.name)).saved)

    held = answers.count(True)
    assert 0 < held <= most
    assert answers == [True] * held + [False] * (2 * most - held)


async def test_messages_that_never_come_whole_are_held_within_a_sum(live: LiveRoom) -> None:
    """Those that find no room are told to come back; a large message has it again when they have gone."""
    path = f"/sync/{quote(live.name)}?token={live.token()}"
    live.may_change = True
    half = b"\x82\xff" + (3_000_000).to_bytes(8, "big") + bytes(4) + bytes(1_500_000)
    answers: list[bytes] = []

    async def hold(stream: anyio.abc.SocketStream) -> None:
        answers.append(await answer_to(stream, half))

    async with live.attacked():
        async with memory_bounded(live), AsyncExitStack() as stack, anyio.create_task_group() as tasks:
            for _ in range(30):
                stream, _ = await upgraded_socket(live, path)
                tasks.start_soon(hold, await stack.enter_async_context(stream))
            await eventually(lambda: len(answers) >= 20)
            tasks.cancel_scope.cancel()
        assert any((1013).to_bytes(2, "big") in answer for answer in answers)
        async with live.hocuspocus() as client:
            await client.update(of_one_struct(b"\x04" + ROOT + var_bytes(b"a" * 3_000_000)), live.name)
            assert await client.until(Status, live.name) == Status(saved=True)


async def test_what_is_sent_before_the_upgrade_is_answered_keeps_no_socket(live: LiveRoom) -> None:
    early = (b"\x82\x80", b"\x82\x81" + bytes(4) + b"a", b"GET / HTTP/1.1\r\n\r\n", bytes(100_000))

    async def send(frame: bytes) -> None:
        async with await opened_socket(live, upgrade_request(live, "/hocuspocus") + frame) as stream:
            assert (await answer_of(stream)).startswith(b"HTTP/1.1 400")

    async with live.attacked(), anyio.create_task_group() as tasks:
        for frame in early:
            tasks.start_soon(send, frame)


async def test_upgrades_that_are_sent_byte_by_byte_are_given_up(live: LiveRoom) -> None:
    """By Hypercorn, which waits for five seconds for a request to come whole."""
    request = upgrade_request(live, "/hocuspocus")
    async with live.attacked(), AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(await opened_socket(live, request[:1])) for _ in range(200)]
        given_up = 0

        async def drip(stream: anyio.abc.SocketStream) -> None:
            nonlocal given_up
            with suppress(anyio.BrokenResourceError):
                for byte in request[1:-1]:
                    await stream.send(bytes((byte,)))
                    await anyio.sleep(0.1)
            given_up += 1

        async with anyio.create_task_group() as tasks:
            for stream in streams:
                tasks.start_soon(drip, stream)
            await eventually(lambda: given_up == len(streams))


async def test_request_head_without_end_is_refused(live: LiveRoom) -> None:
    async with (
        live.attacked(),
        memory_bounded(live),
        await opened_socket(live, upgrade_request(live, "/hocuspocus")[:-2]) as stream,
    ):
        with suppress(anyio.BrokenResourceError):
            for number in range(5_000):
                await stream.send(f"X-{number}: {'x' * 1_000}\r\n".encode())
        await answer_of(stream)


async def test_storm_of_connects_is_told_to_come_back(live: LiveRoom) -> None:
    refused = []

    async def storm() -> None:
        for _ in range(5):
            try:
                async with connect(live.server.hocuspocus, close_timeout=2) as connection:
                    await connection.send(b"\x09")
                    await connection.recv()
                    await anyio.sleep(0.05)
            except InvalidStatus as refusal:
                refused.append(refusal.response.status_code)

    async with live.attacked(), anyio.create_task_group() as tasks:
        for _ in range(150):
            tasks.start_soon(storm)
    assert refused
    assert set(refused) == {429}


async def test_storm_of_sockets_that_say_nothing_leaves_room(live: LiveRoom) -> None:
    host, port = live.server.address.split(":")
    async with live.attacked():
        with ExitStack() as stack:
            for _ in range(500):
                silent = stack.enter_context(socket.socket())
                silent.settimeout(0)
                silent.connect_ex((host, int(port)))
            async with live.hocuspocus() as client:
                await client.sync(live.name)


async def test_socket_that_stops_reading_is_disconnected(live: LiveRoom) -> None:
    path = f"/sync/{quote(live.name)}?token={live.token('reader')}"
    live.may_change = True
    async with live.attacked():
        with RawClient(live.server, path, receive_buffer=4096) as deaf:
            await deaf.upgrade()
            async with live.hocuspocus() as client:
                for number in range(8):
                    text = of_one_struct(b"\x04" + ROOT + var_bytes(b"a" * 1_000_000), clock=number * 1_000_000)
                    await client.update(text, live.name)
                    await client.until(Status, live.name)
            await eventually(lambda: any("a reader is stuck" in line for line in live.server.output))


async def test_questions_of_one_who_reads_no_answer_end_its_session(live: LiveRoom) -> None:
    live.may_change = True
    async with live.attacked(), live.hocuspocus() as client:
        await client.update(of_one_struct(b"\x04" + ROOT + var_bytes(b"a" * 1_000_000)), live.name)
        await client.until(Status, live.name)
        path = f"/sync/{quote(live.name)}?token={live.token('reader')}"
        question = YWebsocketDialect().sync_step1(b"\x00")
        questions = b"".join(bytes((0x82, 0x80 | len(question))) + bytes(4) + question for _ in range(20_000))
        stream, _ = await upgraded_socket(live, path)
        async with memory_bounded(live), stream:
            with suppress(anyio.BrokenResourceError):
                await stream.send(questions)
            assert len(await answer_of(stream)) < 20_000_000


async def test_questions_in_a_flood_are_answered_as_they_are_read(live: LiveRoom) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        for _ in range(500):
            await client.ask(live.name)
        for _ in range(500):
            await client.until(Step2, live.name)


async def test_documents_opened_one_after_the_other_without_end_cost_nothing_that_stays(live: LiveRoom) -> None:
    async with live.attacked(), memory_bounded(live), hocuspocus(live.server) as client:
        for number in range(300):
            address = f"{live.name}\x00{number}"
            await client.authenticate(address, live.token())
            await client.ask(address)
            await client.until(Step2, address)
            await client.leave(address)


async def test_pings_in_a_flood_are_answered_as_they_are_read(live: LiveRoom) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        with suppress(ConnectionClosed):
            await client.say(*([b"\x09"] * 20_000))
        await client.sync(live.name)


async def test_messages_of_the_application_in_a_flood_reach_the_others(live: LiveRoom) -> None:
    async with live.attacked(), memory_bounded(live), live.hocuspocus() as client:
        for _ in range(100):
            await client.say(var_string(live.name) + b"\x05" + var_string("x" * 20_000))
        await client.sync(live.name)
