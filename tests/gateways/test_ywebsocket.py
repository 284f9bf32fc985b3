"""The y-websocket door: the handshake, the rounds, and how a session ends."""

import pytest
from websockets.asyncio.client import connect

from collab.protocol.awareness import encode_awareness
from collab.protocol.lib0 import var_bytes
from collab.settings import KIB
from tests.gateways.clients import joining, token_for, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import KEEP_ALIVE, States, Step1, Step2, Update
from tests.support.peers import Peer, text_of
from tests.support.poison import POISON, victim_state


async def test_expired_token_ends_the_connection(serve: Serve) -> None:
    token = token_for({"doc": "editor"}, seconds=1)
    async with serve(secret=SECRET) as server, y_websocket(server, token=token) as client:
        assert await client.ending() == (4401, "the access token has expired")


async def test_client_is_asked_at_once_and_answered_when_it_asks(server: Served) -> None:
    async with y_websocket(server) as client:
        assert client.asked == Step1(b"\x00")

        await client.say(bytes.fromhex("00000100"))

        assert await client.hear() == Step2(b"\x00\x00")


async def test_edit_reaches_the_others_and_its_sender(server: Served) -> None:
    async with y_websocket(server) as one, y_websocket(server) as other:
        await one.update(Peer(1).type("hello"))

        assert text_of((await other.until(Update)).update) == "hello"
        assert text_of((await one.until(Update)).update) == "hello"


async def test_newcomer_gets_what_was_written_before(server: Served) -> None:
    async with y_websocket(server) as writer:
        await writer.update(Peer(1).type("hello"))
        await writer.until(Update)

        async with y_websocket(server) as newcomer:
            assert await newcomer.sync() == "hello"


async def test_documents_are_apart(server: Served) -> None:
    async with y_websocket(server, "one") as one, y_websocket(server, "other") as other:
        await one.update(Peer(1).type("hello"))
        await one.until(Update)

        assert await other.sync() == ""


async def test_newcomer_is_told_who_is_here(server: Served) -> None:
    async with y_websocket(server) as ada:
        await ada.say(ada.dialect.awareness(encode_awareness([Peer(1).presence('{"name":"Ada"}')])))
        await ada.until(States)

        async with y_websocket(server) as newcomer:
            assert (await newcomer.until(States)).states == {1: '{"name":"Ada"}'}


async def test_presence_of_a_client_that_goes_is_taken_away(server: Served) -> None:
    async with y_websocket(server) as reader:
        async with y_websocket(server) as ada:
            await ada.say(ada.dialect.awareness(encode_awareness([Peer(1).presence()])))
            await reader.until(States)

        assert (await reader.until(States)).states == {1: "null"}


async def test_compression_is_not_negotiated_though_offered(server: Served) -> None:
    async with connect(server.sync + "doc", compression="deflate") as connection:
        assert connection.request is not None
        assert connection.response is not None
        assert "permessage-deflate" in connection.request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "no bytes came"),
        (b"\x07", "message type 7 came"),
        (b"\x00\x03\x00", "sync step 3 came"),
        (b"\x00\x00\x05\x00", "a length of 5 bytes came"),
        (b"\x00\x00\x01\x00\x00", "1 bytes came after a complete message"),
        (b"\x00" + b"\xff" * 11, "an integer of more than 10 bytes came"),
        (b"\x01" + var_bytes(b"\xff\x01"), "a count of 255 awareness entries came"),
        (b"\x00\x02" + var_bytes(b"\x01\x01junk"), "6 bytes that are no Yjs update"),
        (b"\x00\x00\x01\x05", "are declared in 0 bytes"),
    ],
    ids=["empty", "type", "step", "length", "trailing", "integer", "count", "update", "state vector"],
)
async def test_malformed_message_ends_its_sender_with_4400_and_nobody_else(
    server: Served, frame: bytes, reason: str
) -> None:
    async with y_websocket(server) as good, y_websocket(server) as bad:
        await bad.say(frame)
        code, said = await bad.ending()

        assert (code, reason in said) == (4400, True), said
        await good.update(Peer(1).type("on"))
        assert text_of((await good.until(Update)).update) == "on"


async def test_text_message_ends_its_sender_with_4400(server: Served) -> None:
    async with y_websocket(server) as client:
        await client.connection.send("hello")

        assert await client.ending() == (4400, "a text message came; expected a binary one")


async def test_message_over_the_limit_ends_its_sender_with_1009(serve: Serve) -> None:
    async with serve(max_message_bytes=64 * KIB) as server, y_websocket(server) as client, y_websocket(server) as other:
        await client.update(Peer(1).type("x" * 100 * KIB))

        code, _ = await client.ending()

        assert code == 1009
        assert await other.sync() == ""


async def test_message_within_the_limit_is_taken(serve: Serve) -> None:
    async with serve(max_message_bytes=64 * KIB) as server, y_websocket(server) as client:
        await client.update(Peer(1).type("x" * 60 * KIB))

        assert len(text_of((await client.until(Update)).update)) == 60 * KIB


async def test_fragmented_message_is_put_together(server: Served) -> None:
    async with y_websocket(server) as client:
        message = client.dialect.sync_update(Peer(1).type("hello"))

        await client.connection.send([message[:3], message[3:7], message[7:]])

        assert text_of((await client.until(Update)).update) == "hello"


async def test_silence_is_broken(serve: Serve) -> None:
    async with serve(keep_alive_interval=0.1) as server, y_websocket(server) as client:
        assert await client.hear() == KEEP_ALIVE


@pytest.mark.parametrize(
    "name", ["a/b/c", "a b", "ä語😀", "%2F", "../../etc/passwd", "*", "a?b#c", "x" * 255], ids=lambda name: name[:12]
)
async def test_name_is_the_whole_rest_of_the_path_percent_decoded(server: Served, name: str) -> None:
    async with y_websocket(server, name) as client:
        await client.update(Peer(1).type("hello"))
        await client.until(Update)

    assert await server.app._entrance.hub.read(name) != b"\x00\x00"  # type: ignore[arg-type]


async def test_slashes_in_a_name_may_come_unescaped(server: Served) -> None:
    async with y_websocket(server, "a/b") as one, joining(server.sync + "a/b"):
        await one.update(Peer(1).type("hello"))
        await one.until(Update)

    assert len(server.app._entrance.hub._rooms) == 1


async def test_update_that_panics_the_crdt_ends_its_sender_with_4400(server: Served) -> None:

    async with y_websocket(server) as good, y_websocket(server) as bad:
        await good.update(victim_state())
        await bad.until(Update)

        await bad.update(POISON)

        assert (await bad.ending())[0] == 4400
        assert await good.sync() == "hello"
