"""A server that speaks as much of PostgreSQL's protocol as it takes to refuse somebody, or says nothing at all.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from anyio import create_task_group, create_tcp_listener, sleep_forever
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.buffered import BufferedByteReceiveStream

ASK_FOR_PASSWORD = b"R\x00\x00\x00\x08\x00\x00\x00\x03"
REFUSAL = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "someone"\0\0'


@asynccontextmanager
async def server(serve: Callable[[ByteStream], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve each connection so, and give the port."""

    async def serve_one(stream: ByteStream) -> None:
        async with stream:
            await serve(stream)

    async with await create_tcp_listener(local_host="127.0.0.1") as listener, create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve_one)
        yield int(listener.extra(SocketAttribute.local_port))
        tasks.cancel_scope.cancel()


async def refuse(stream: ByteStream) -> None:
    """Take any password for a wrong one."""
    received = BufferedByteReceiveStream(stream)
    await _skip_message(received)
    await stream.send(ASK_FOR_PASSWORD)
    await received.receive_exactly(1)
    await _skip_message(received)
    await stream.send(b"E" + (len(REFUSAL) + 4).to_bytes(4) + REFUSAL)


async def say_nothing(stream: ByteStream) -> None:
    """Answer nothing."""
    await sleep_forever()


async def _skip_message(received: BufferedByteReceiveStream) -> None:
    length = int.from_bytes(await received.receive_exactly(4))
    await received.receive_exactly(length - 4)
