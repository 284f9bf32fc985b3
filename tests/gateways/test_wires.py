"""The plain road: what an `AsgiWire` does with frames and messages."""

from typing import Any

import anyio
import pytest

from collab.errors import MessageTooLarge, ProtocolError
from collab.gateways.flow import Flow, FlowRates
from collab.gateways.wires import AsgiMessage, AsgiWire
from collab.protocol.frames import Frame
from collab.settings import Settings
from tests.support.eventually import eventually

RATES = FlowRates.of(Settings())


class Pressure:
    """What may keep a server from reading, as a test commands."""

    def __init__(self) -> None:
        self.is_full = False
        self.freed = anyio.Event()

    async def has_room(self) -> None:
        await self.freed.wait()

    def free(self) -> None:
        self.is_full = False
        self.freed.set()


class Client:
    """The messages of a client, and what is sent to it."""

    def __init__(self, *messages: AsgiMessage) -> None:
        self.messages = list(messages)
        self.sent: list[Any] = []
        self.may_take = anyio.Event()
        self.may_take.set()

    async def receive(self) -> AsgiMessage:
        return self.messages.pop(0)

    async def send(self, message: AsgiMessage) -> None:
        await self.may_take.wait()
        self.sent.append(message["bytes"])


def says(data: bytes) -> AsgiMessage:
    return {"type": "websocket.receive", "bytes": data}


GONE: AsgiMessage = {"type": "websocket.disconnect", "code": 1000}


def wire_to(
    client: Client, pressure: Pressure | None = None, *, max_waiting: int = 1_000, rates: FlowRates = RATES
) -> AsgiWire:
    return AsgiWire(
        client.receive,
        client.send,
        pressure or Pressure(),
        Flow(rates),
        max_message_bytes=1_000,
        max_waiting=max_waiting,
    )


async def test_messages_are_handed_over_in_order_until_the_client_goes() -> None:
    taken: list[bytes] = []

    owes_goodbye = await wire_to(Client(says(b"one"), says(b"two"), GONE)).read(taken.append)

    assert taken == [b"one", b"two"]
    assert not owes_goodbye


async def test_text_message_is_refused() -> None:
    client = Client({"type": "websocket.receive", "text": "hello"})

    with pytest.raises(ProtocolError, match="expected a binary one"):
        await wire_to(client).read(lambda _: None)


async def test_message_over_the_limit_is_refused() -> None:
    with pytest.raises(MessageTooLarge, match="1001 bytes came; 1000 are allowed"):
        await wire_to(Client(says(bytes(1_001)))).read(lambda _: None)


async def test_nothing_is_read_under_pressure() -> None:
    client, pressure, taken = Client(says(b"one"), GONE), Pressure(), list[bytes]()
    pressure.is_full = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire_to(client, pressure).read, taken.append)
        await anyio.wait_all_tasks_blocked()
        assert taken == []

        pressure.free()

    assert taken == [b"one"]


async def test_nothing_is_read_from_one_who_does_not_read() -> None:
    client, taken = Client(says(b"more?"), GONE), list[bytes]()
    client.may_take = anyio.Event()
    wire = wire_to(client, max_waiting=10)
    wire.write(Frame.binary(bytes(20)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.pump)
        tasks.start_soon(wire.read, taken.append)
        await anyio.wait_all_tasks_blocked()
        assert taken == []

        client.may_take.set()
        await eventually(lambda: taken == [b"more?"])
        tasks.cancel_scope.cancel()


async def test_frames_are_sent_in_order_and_what_waits_is_told() -> None:
    client = Client()
    client.may_take = anyio.Event()
    wire = wire_to(client)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wire.pump)
        wire.write(Frame.binary(b"one"))
        wire.write(Frame.binary(b"two"))
        await anyio.wait_all_tasks_blocked()
        assert wire.waiting() == 10

        client.may_take.set()
        await eventually(lambda: wire.waiting() == 0)
        wire.write(Frame.binary(b"three"))
        await eventually(lambda: len(client.sent) == 3)
        tasks.cancel_scope.cancel()

    assert client.sent == [b"one", b"two", b"three"]


async def test_client_that_has_gone_stops_the_pump_without_an_error() -> None:
    """ASGI lets a server raise `OSError` when something is sent to a client that has gone; the disconnect is told by `receive`."""

    async def send(_: AsgiMessage) -> None:
        raise OSError("gone")

    wire = AsgiWire(Client().receive, send, Pressure(), Flow(RATES), max_message_bytes=10, max_waiting=10)
    wire.write(Frame.binary(b"late"))
    with anyio.fail_after(20):
        await wire.pump()
    wire.write(Frame.binary(b"later"))

    assert wire.waiting() == 0


async def test_what_waits_is_dropped_on_abort() -> None:
    wire = wire_to(Client())
    wire.write(Frame.binary(b"late"))

    wire.abort()

    assert wire.waiting() == 0
