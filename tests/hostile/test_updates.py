"""Updates that are none, or would harm the CRDT: each is refused, and nothing of it is stored or passed on."""

import random
from contextlib import suppress
from typing import Any, Final

import httpx
import pytest
from pycrdt import Array, Doc, Map, Text
from websockets.exceptions import ConnectionClosed

from collab.protocol.lib0 import var_bytes, var_string, var_uint
from tests.gateways.clients import DEADLINE
from tests.hostile.live import LiveRoom
from tests.support.heard import LetIn, Status, Step2
from tests.support.peers import Peer
from tests.support.prepended import prepended

MALLORY: Final = 66
ROOT: Final = b"\x01\x07mallory"
"""As the parent of an item: a root of the attackers' own, so that the text tells what Ada and Ben typed."""

V2: Final = bytes.fromhex(
    "00000282010000032801041d166f746865726b6f746865726c776f72647368656c6c6f05010501450001010002410001030077017675"
    "027d01760101617d0200"
)
"""What `encodeStateAsUpdateV2` of Yjs writes for a map with two keys and a text."""


def of_one_struct(struct: bytes, *, client: int = MALLORY, clock: int = 0, deletions: bytes = b"\x00") -> bytes:
    return b"\x01\x01" + var_uint(client) + var_uint(clock) + struct + deletions


def of_clients(count: int) -> bytes:
    structs = b"".join(b"\x01" + var_uint(1_000_000 + number) + b"\x00\x00\x01" for number in range(count))
    return var_uint(count) + structs + b"\x00"


def deletions(ranges: int) -> bytes:
    return b"\x00\x01" + var_uint(MALLORY) + var_uint(ranges) + b"\x00\x01" * ranges


NESTED: Final = b"\x08" + ROOT + b"\x01"
"""The beginning of an item that holds one value."""

REFUSED: dict[str, bytes] = {
    "no update": b"junk",
    "nothing at all": b"",
    "half an update": Peer(MALLORY).type("half of this is missing")[:-9],
    "trailing bytes behind the deletions": Peer(MALLORY).type("x") + b"junk",
    "v2 bytes as v1": V2,
    "GC of length 2^32": of_one_struct(b"\x00" + var_uint(2**32)),
    "GC of length 2^31": of_one_struct(b"\x00" + var_uint(2**31)),
    "skip of length 2^32": of_one_struct(b"\x0a" + var_uint(2**32)),
    "deleted content of length 2^32": of_one_struct(b"\x01" + ROOT + var_uint(2**32)),
    "struct of length 0": of_one_struct(b"\x00\x00"),
    "clock of 2^32": of_one_struct(b"\x04" + ROOT + b"\x01a", clock=2**32),
    "clock of 2^53": of_one_struct(b"\x04" + ROOT + b"\x01a", clock=2**53),
    "200,000 clients": of_clients(200_000),
    "count of 2^32 clients": var_uint(2**32),
    "count of 2^32 structs": b"\x01" + var_uint(2**32) + b"\x42\x00",
    "count of 2^32 values": of_one_struct(b"\x08" + ROOT + var_uint(2**32) + b"\x7e"),
    "1,000,001 values": of_one_struct(b"\x08" + ROOT + var_uint(1_000_001) + b"\x7e" * 1_000_001),
    "count of 2^32 deleting clients": b"\x00" + var_uint(2**32),
    "count of 2^32 deleted ranges": b"\x00\x01\x42" + var_uint(2**32),
    "300,000 deleted ranges": deletions(300_000),
    "array 40,000 deep": of_one_struct(NESTED + b"\x75\x01" * 40_000 + b"\x7e"),
    "object 40,000 deep": of_one_struct(NESTED + b"\x76\x01\x01k" * 40_000 + b"\x7e"),
    "subdocument with options 40,000 deep": of_one_struct(b"\x09" + ROOT + b"\x01d" + b"\x75\x01" * 40_000 + b"\x7e"),
    "text of a length beyond the update": of_one_struct(b"\x04" + ROOT + var_uint(2**32) + b"a"),
    "text that is no UTF-8": of_one_struct(b"\x04" + ROOT + b"\x02\xff\xfe"),
    "content of an unknown kind": of_one_struct(b"\x0c" + ROOT + b"\x00"),
    "type of an unknown kind": of_one_struct(b"\x07" + ROOT + b"\x09"),
    "value of an unknown kind": of_one_struct(b"\x08" + ROOT + b"\x01\x50"),
    "client twice": b"\x02" + (b"\x01\x42\x00\x04" + ROOT + b"\x01a") * 2 + b"\x00",
}
every_refused = pytest.mark.parametrize("update", REFUSED.values(), ids=[*REFUSED])


@every_refused
async def test_update_is_refused_to_a_hocuspocus_client(live: LiveRoom, update: bytes) -> None:
    async with live.attacked(), live.hocuspocus() as client:
        await client.update(update, live.name)

        assert await client.until(Status, live.name) == Status(saved=False)


@every_refused
async def test_update_ends_its_y_websocket_session(live: LiveRoom, update: bytes) -> None:
    async with live.attacked(), live.y_websocket() as client:
        await client.update(update)

        assert (await client.ending())[0] == 4400


@every_refused
async def test_update_is_refused_over_rest(live: LiveRoom, update: bytes) -> None:
    async with live.attacked(), live.api(live.token()) as api:
        assert (await post(api, live, update)).status_code == 422


async def post(api: httpx.AsyncClient, live: LiveRoom, update: bytes) -> httpx.Response:
    headers = {"content-type": "application/octet-stream"}
    return await api.post(f"/documents/{live.name}/content", content=update, headers=headers)


async def test_update_that_would_keep_the_server_busy_for_half_a_minute_ends_its_sender(live: LiveRoom) -> None:
    live.may_change = True
    async with live.attacked(), live.y_websocket() as client:
        await client.update(prepended(MALLORY, 16_000))
        await client.update(prepended(MALLORY + 1, 16_000))

        assert (await client.ending())[0] == 4400


async def test_mutated_updates_are_refused_or_are_edits_of_their_own(live: LiveRoom) -> None:
    doc: Doc[Any] = Doc(client_id=MALLORY)
    root: Map[Any] = doc.get("mallory", type=Map)
    root["words"], root["list"] = "some words", Array([1, {"a": [2.5, None, "b"]}, b"bytes"])
    state, chance = doc.get_update(), random.Random(20_260)
    live.may_change = True
    sent = 0
    async with live.attacked():
        while sent < 200:
            async with live.hocuspocus() as client:
                with suppress(ConnectionClosed):  # where the CRDT has panicked
                    while sent < 200:
                        sent += 1
                        await client.update(mutated(state, chance), live.name)
                        await client.until(Status, live.name)


def mutated(update: bytes, chance: random.Random) -> bytes:
    changed = bytearray(update)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


async def test_update_that_panics_the_crdt_ends_its_sender(live: LiveRoom) -> None:
    letter = of_one_struct(b"\x04" + ROOT + b"\x01a")
    into_the_letter = of_one_struct(b"\x04\x00" + var_uint(MALLORY) + b"\x00\x01a", client=MALLORY + 1)
    live.may_change = True
    async with live.attacked(), live.hocuspocus() as client:
        await client.update(letter, live.name)
        assert await client.until(Status, live.name) == Status(saved=True)
        for _ in range(3):
            async with live.hocuspocus() as again:
                await again.update(into_the_letter, live.name)

                assert (await again.ending())[0] == 4400


async def test_updates_that_part_surrogate_pairs_cost_no_other_letter(live: LiveRoom) -> None:
    """Something between the halves of one, half of another deleted, and half of one that is yet to come."""
    emoji = of_one_struct(b"\x04" + ROOT + var_string("a😀b😀c"))
    between = of_one_struct(b"\xc4\x42\x01\x42\x02" + var_string("X"), client=MALLORY + 1)
    half = b"\x00\x01\x42\x01\x05\x01"
    half_to_come = b"\x00\x01" + var_uint(MALLORY + 2) + b"\x01\x02\x01"
    late = of_one_struct(b"\x84\x42\x06" + var_string("d😀e"), client=MALLORY + 2)
    live.may_change = True
    async with live.attacked(), live.hocuspocus() as client:
        for update in (emoji, between, half, half_to_come, late):
            await client.update(update, live.name)
            assert await client.until(Status, live.name) == Status(saved=True)
    async with live.hocuspocus() as newcomer:
        await newcomer.ask(live.name)
        doc: Doc[Any] = Doc()
        doc.apply_update((await newcomer.until(Step2, live.name)).update)

        assert str(doc.get("mallory", type=Text)) == "aXbcd\N{REPLACEMENT CHARACTER}e"


async def test_clocks_far_ahead_wait_and_cost_nothing(live: LiveRoom) -> None:
    live.may_change = True
    async with live.attacked(), live.hocuspocus() as client:
        for clock in (1, 1_000_000, 2**31 - 3):
            await client.update(of_one_struct(b"\x04" + ROOT + b"\x01a", clock=clock), live.name)
            assert await client.until(Status, live.name) == Status(saved=True)


async def test_readers_update_is_refused_through_every_door(live: LiveRoom) -> None:
    update = Peer(MALLORY).type("a reader's")
    async with live.attacked():
        async with live.hocuspocus("reader") as reader:
            await reader.update(update, live.name)
            assert await reader.until(Status, live.name) == Status(saved=False)
        async with live.hocuspocus("commenter") as commenter:
            await commenter.update(update, live.name)
            assert await commenter.until(Status, live.name) == Status(saved=False)
        async with live.y_websocket("reader") as listener:
            await listener.update(update)
            await listener.sync()
        async with live.api(live.token("reader")) as api:
            assert (await post(api, live, update)).status_code == 403


async def test_readers_update_before_its_token_is_refused(live: LiveRoom) -> None:
    async with live.attacked(), live.hocuspocus("reader") as client:
        await client.leave(live.name)
        await client.update(Peer(MALLORY).type("early"), live.name)
        await client.authenticate(live.name, live.token("reader"))

        assert (await client.until(LetIn, live.name)).scope == "readonly"
        assert await client.until(Status, live.name) == Status(saved=False)


async def test_update_too_large_for_a_message_ends_its_sender_each_time_it_comes_back(live: LiveRoom) -> None:
    update = of_one_struct(b"\x04" + ROOT + var_bytes(b"a" * 5_000_000))
    async with live.attacked():
        for _ in range(10):
            async with live.y_websocket() as client:
                with suppress(ConnectionClosed):
                    await client.update(update)
                assert (await client.ending())[0] in (1009, None)  # `None` where its own bytes were still under way
            async with live.hocuspocus() as other:
                with suppress(ConnectionClosed):
                    await other.update(update, live.name)
                assert (await other.ending())[0] in (1009, None)


async def test_largest_value_that_may_be_is_answered(live: LiveRoom) -> None:
    update = of_one_struct(NESTED + b"\x75\x01" * 400 + b"\x7e")
    live.may_change = True
    async with live.attacked(), live.hocuspocus() as client:
        await client.update(update, live.name)
        assert await client.until(Status, live.name) == Status(saved=True)
        await client.ask(live.name)
        assert update[4:40] in (await client.until(Step2, live.name)).update
        async with live.api(live.token()) as api:
            read = await api.get(f"/documents/{live.name}/content?format=json", timeout=DEADLINE)
    assert (read.status_code, "nested deeper" in read.text) == (409, True)
