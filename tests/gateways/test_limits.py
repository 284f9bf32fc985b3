"""The limits of what one client may say, at both doors: each set to less than what is sent, and to more."""

import json
from collections.abc import Sequence

import pytest

from collab.protocol.awareness import encode_awareness
from collab.protocol.lib0 import var_uint
from collab.protocol.messages import AwarenessEntry
from collab.protocol.structs import NO_DELETIONS
from collab.protocol.updates import encode_state_vector
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.gateways.clients import seated, y_websocket
from tests.gateways.serving import Serve
from tests.support.heard import Status
from tests.support.peers import Peer

SPEAK = YWebsocketDialect()
ONE_STRUCT = b"\x01\x01\x05\x00"
VALUES = ONE_STRUCT + b"\x08\x01\x01r\xd0\x0f" + b"\x7e" * 2000 + NO_DELETIONS
NESTED = ONE_STRUCT + b"\x08\x01\x01r\x01" + b"\x75\x01" * 20 + b"\x7e" + NO_DELETIONS
STRUCTS = b"\x01\xd0\x0f\x05\x00" + b"\x00\x01" * 2000 + NO_DELETIONS
DELETIONS = b"\x00\x01\x05\xd0\x0f" + b"\x00\x01" * 2000
CLIENTS = b"\xd0\x0f" + b"".join(b"\x01" + var_uint(client) + b"\x00\x00\x01" for client in range(2000)) + NO_DELETIONS
EARLY = b"\x01\x01\x05\x01\x03\x01\x01r\xa0\x8d\x06" + bytes(100_000) + NO_DELETIONS

UPDATES = [
    pytest.param("max_update_entries", 1000, 3000, STRUCTS, id="structs"),
    pytest.param("max_update_entries", 1000, 3000, DELETIONS, id="deletions"),
    pytest.param("max_update_clients", 1000, 3000, CLIENTS, id="clients"),
    pytest.param("max_update_values", 1000, 3000, VALUES, id="values"),
    pytest.param("max_update_nesting", 10, 30, NESTED, id="nesting"),
    pytest.param("max_held_bytes", 65_536, 200_000, EARLY, id="held"),
]


@pytest.mark.parametrize(("setting", "less", "more", "update"), UPDATES)
async def test_limit_of_updates_is_the_setting(serve: Serve, setting: str, less: int, more: int, update: bytes) -> None:
    for limit, saved in ((less, False), (more, True)):
        async with serve(**{setting: limit}) as server:
            async with seated(server) as client:
                await client.update(update)
                assert await client.until(Status) == Status(saved=saved)
            async with y_websocket(server, "another") as other:
                await other.update(update)
                if saved:
                    await other.sync()
                else:
                    assert (await other.ending())[0] == 4400


def states(count: int, state: str = "{}") -> Sequence[AwarenessEntry]:
    return [AwarenessEntry(number, 1, state) for number in range(count)]


def presence(*entries: AwarenessEntry) -> bytes:
    return SPEAK.awareness(encode_awareness(entries))


QUESTION = SPEAK.sync_step1(encode_state_vector(dict.fromkeys(range(1_000_000, 1_000_400), 1)))
SAYINGS = [
    pytest.param("max_state_vector_bytes", 1024, 3000, QUESTION, 1008, id="state vector"),
    pytest.param("max_awareness_entries", 100, 200, presence(*states(150, "null")), 4400, id="entries"),
    pytest.param("max_awareness_ids", 4, 6, presence(*states(5)), 1008, id="ids"),
    pytest.param(
        "max_awareness_bytes", 1024, 3000, presence(*states(1, json.dumps({"a": "x" * 2000}))), 1008, id="bytes"
    ),
    pytest.param("max_awareness_nesting", 4, 6, presence(*states(1, '{"a":[[[[]]]]}')), 1008, id="nesting of presence"),
]


@pytest.mark.parametrize(("setting", "less", "more", "payload", "code"), SAYINGS)
async def test_limit_of_what_is_said_is_the_setting(
    serve: Serve, setting: str, less: int, more: int, payload: bytes, code: int
) -> None:
    async with serve(**{setting: less}) as server, y_websocket(server) as client:
        await client.say(payload)
        assert (await client.ending())[0] == code
    async with serve(**{setting: more}) as server, y_websocket(server) as client:
        await client.say(payload)
        await client.sync()


async def test_what_was_taken_in_under_a_higher_limit_is_served_under_a_lower_one(serve: Serve) -> None:
    async with serve() as server, seated(server) as client:
        for update in (STRUCTS, NESTED.replace(b"\x05\x00", b"\x06\x00", 1), EARLY.replace(b"\x05", b"\x07", 1)):
            await client.update(update)
            assert await client.until(Status) == Status(saved=True)
    lower = {"max_update_entries": 1000, "max_update_nesting": 8, "max_held_bytes": 65_536}
    async with serve(**lower) as server, seated(server) as client:
        await client.update(Peer(1).type("still here"))
        assert await client.until(Status) == Status(saved=True)
        assert await client.sync() == "still here"
