"""What somebody says of who is here: nobody is spoken for, and nobody is drowned."""

import json
from collections.abc import Iterable

import pytest

from collab.protocol.awareness import encode_awareness
from collab.protocol.lib0 import var_string, var_uint
from collab.protocol.messages import AwarenessEntry
from collab.protocol.ywebsocket import YWebsocketDialect
from tests.hostile.live import ADA, LiveRoom
from tests.support.eventually import eventually

MALLORY = 66
PROTOCOL, LIMIT = 4400, 1008

ENDING: dict[str, tuple[Iterable[AwarenessEntry], int]] = {
    "JSON of 1 MB": ([AwarenessEntry(MALLORY, 1, json.dumps({"a": "x" * 1_000_000}))], LIMIT),
    "arrays 100,000 deep": ([AwarenessEntry(MALLORY, 1, "[" * 30_000 + "]" * 30_000)], PROTOCOL),
    "objects 10,000 deep": ([AwarenessEntry(MALLORY, 1, '{"a":' * 10_000 + "1" + "}" * 10_000)], PROTOCOL),
    "a string": ([AwarenessEntry(MALLORY, 1, '"hello"')], PROTOCOL),
    "a number": ([AwarenessEntry(MALLORY, 1, "1")], PROTOCOL),
    "an array": ([AwarenessEntry(MALLORY, 1, "[]")], PROTOCOL),
    "no JSON": ([AwarenessEntry(MALLORY, 1, "{'a':")], PROTOCOL),
    "NaN": ([AwarenessEntry(MALLORY, 1, '{"a":NaN}')], PROTOCOL),
    "infinity": ([AwarenessEntry(MALLORY, 1, '{"a":1e999}')], PROTOCOL),
    "nothing": ([AwarenessEntry(MALLORY, 1, "")], PROTOCOL),
    "an integer of 5,000 digits": ([AwarenessEntry(MALLORY, 1, '{"a":' + "9" * 5_000 + "}")], PROTOCOL),
    "3,000 ids": ([AwarenessEntry(1_000_000 + number, 1, "{}") for number in range(3_000)], LIMIT),
    "id 2^53": ([AwarenessEntry(2**53, 1, "{}")], PROTOCOL),
    "clock 2^53": ([AwarenessEntry(MALLORY, 2**53, "{}")], PROTOCOL),
    "clock 2^53 for another": ([AwarenessEntry(ADA, 2**53, "{}")], PROTOCOL),
}


@pytest.mark.parametrize(("entries", "code"), ENDING.values(), ids=[*ENDING])
async def test_presence_that_cannot_be_ends_a_y_websocket_session(
    live: LiveRoom, entries: Iterable[AwarenessEntry], code: int
) -> None:
    async with live.attacked(), live.y_websocket() as client:
        await client.say(YWebsocketDialect().awareness(encode_awareness(entries)))

        assert (await client.ending())[0] == code


@pytest.mark.parametrize(("entries", "code"), ENDING.values(), ids=[*ENDING])
async def test_presence_that_cannot_be_ends_a_hocuspocus_session(
    live: LiveRoom, entries: Iterable[AwarenessEntry], code: int
) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        await client.announce(*entries, address=live.name)

        assert (await client.ending())[0] == code


async def test_presence_in_more_entries_than_any_room_has_ends_its_session(live: LiveRoom) -> None:
    entry = b"\x01\x01\x04null"
    async with live.attacked(), live.y_websocket() as client:
        await client.say(YWebsocketDialect().awareness(var_uint(20_001) + entry * 20_001))

        assert (await client.ending())[0] == PROTOCOL


async def test_state_that_is_no_utf_8_ends_its_session(live: LiveRoom) -> None:
    async with live.attacked(), live.y_websocket() as client:
        await client.say(YWebsocketDialect().awareness(b"\x01\x01\x01\x02\xff\xfe"))

        assert (await client.ending())[0] == PROTOCOL


SPOKEN_FOR = {
    "a state": AwarenessEntry(ADA, 900, '{"name":"not Ada"}'),
    "null": AwarenessEntry(ADA, 900, "null"),
    "null under her clock": AwarenessEntry(ADA, 1, "null"),
    "the last clock there is": AwarenessEntry(ADA, 2**53 - 1, '{"name":"not Ada"}'),
}


@pytest.mark.parametrize("entry", SPOKEN_FOR.values(), ids=[*SPOKEN_FOR])
async def test_another_users_id_cannot_be_spoken_for(live: LiveRoom, entry: AwarenessEntry) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        await client.announce(entry, AwarenessEntry(MALLORY, 1, "{}"), address=live.name)
        await eventually(lambda: MALLORY in live.presence)
    assert json.loads(live.presence[ADA])["name"] == "Ada"


async def test_identity_that_is_claimed_is_replaced_by_the_tokens(live: LiveRoom) -> None:
    claims = {"user": {"id": "ada", "name": "Ada", "color": "#000000"}, "name": "Ada"}
    async with live.attacked(), live.y_websocket() as client:
        await client.say(
            YWebsocketDialect().awareness(encode_awareness([AwarenessEntry(MALLORY, 1, json.dumps(claims))]))
        )
        await eventually(lambda: MALLORY in live.presence)
        assert json.loads(live.presence[MALLORY])["user"]["id"] == "mallory"


async def test_ids_that_come_and_go_for_ever_are_forgotten(live: LiveRoom) -> None:
    last = 3_000
    async with live.attacked(), live.y_websocket() as client:
        for number in range(1, last + 1):
            come = AwarenessEntry(1_000_000 + number, 1, "{}")
            gone = AwarenessEntry(1_000_000 + number, 2, "null")
            await client.say(YWebsocketDialect().awareness(encode_awareness([come, gone])))
        await client.say(YWebsocketDialect().awareness(encode_awareness([AwarenessEntry(MALLORY, 1, "{}")])))
        await eventually(lambda: MALLORY in live.presence)


async def test_presence_in_a_flood_is_passed_on_in_flushes(live: LiveRoom) -> None:
    last = 5_000
    async with live.attacked(), live.y_websocket() as client:
        for clock in range(1, last + 1):
            state = json.dumps({"clock": clock})
            await client.say(YWebsocketDialect().awareness(encode_awareness([AwarenessEntry(MALLORY, clock, state)])))
        await eventually(lambda: f'"clock":{last}' in live.presence.get(MALLORY, ""))


async def test_questions_who_is_here_in_a_flood_are_answered(live: LiveRoom) -> None:
    async with live.attacked(), live.y_websocket() as client:
        await client.say(*([b"\x03"] * 5_000))
        await client.sync()


async def test_message_of_the_application_from_a_reader_goes_nowhere(live: LiveRoom) -> None:
    async with live.attacked(), live.hocuspocus("reader") as client:
        await client.say(var_string(live.name) + b"\x05" + var_string("x" * 100_000))
        await client.sync(live.name)
