"""Whose text it is that stands under Bob's id, when Mallory delivers other content for the same clocks.

No text that Mallory delivered is ever credited to Bob, and none that Bob delivered to Mallory, in whatever order they come.
"""

from dataclasses import dataclass

import pytest

from collab.content.comparing import compare
from collab.protocol.messages import Awareness, SyncStep1, SyncStep2
from collab.rooms.session import Rights
from collab.services.attribution import attribute
from tests.hub.house import DOC, Guest, House, OpenHub
from tests.support.peers import Peer

ADA = Rights(user={"id": "ada", "name": "Ada"}, user_id="ada")
BOB = Rights(user={"id": "bob", "name": "Bob"}, user_id="bob")
MALLORY = Rights(user={"id": "mallory", "name": "Mallory"}, user_id="mallory")

Piece = tuple[str, str | None, str | None]
"""Text, who is credited with it, and who is said to have delivered it."""


async def told(house: House) -> list[Piece]:
    """Return whose everything is that is in the document now."""
    state = await house.hub.read(DOC)
    await house.hub.settle(DOC)
    record = await house.documents.get(DOC)
    lines = attribute(compare(b"\x00\x00", state), await house.storage.authorship.read(record.id))
    return [
        (
            piece.text,
            None if piece.author is None else piece.author.name,
            None if piece.delivered is None or piece.delivered.author is None else piece.delivered.author.name,
        )
        for line in lines
        for piece in line.segments
    ]


async def told_always(house: House, open_hub: OpenHub) -> list[Piece]:
    """Return whose everything is, after it was seen that neither a restart nor compaction changes that."""
    found = await told(house)
    async with open_hub() as restarted:
        assert await told(restarted) == found
        record = await restarted.documents.get(DOC)
        assert await restarted.storage.log.compact(record.id) is not None
    assert await told(house) == found
    async with open_hub() as restarted:
        assert await told(restarted) == found
    return found


async def send(house: House, guest: Guest, *updates: bytes) -> None:
    """Deliver each of these in a flush of its own."""
    for update in updates:
        guest.update(update)
        await house.hub.settle(DOC)


async def announce(house: House, peer: Peer) -> Guest:
    """Let Bob in, under a peer's id."""
    bob = await house.join(rights=BOB)
    bob.send(SyncStep1(peer.state_vector), Awareness((peer.presence(),)))
    return bob


async def test_text_under_an_id_before_its_client_announces_it_is_its_writers(house: House, open_hub: OpenHub) -> None:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    mallory = await house.join(rights=MALLORY)
    await send(house, mallory, forged.type("forged"))
    bob = await announce(house, bobs)
    await send(house, bob, bobs.type("honest"), bobs.type(", and on"))
    assert await told_always(house, open_hub) == [("forged", "Mallory", "Mallory"), (", and on", None, "Bob")]


async def test_text_under_an_id_that_bob_announced_and_left_is_credited_to_nobody(
    house: House, open_hub: OpenHub
) -> None:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    (await announce(house, bobs)).leave()
    mallory = await house.join(rights=MALLORY)
    await send(house, mallory, forged.type("forged"))
    bob = await announce(house, bobs)
    await send(house, bob, bobs.type("honest"), bobs.type(", and on"))
    assert await told_always(house, open_hub) == [("forged", None, "Mallory"), (", and on", "Bob", "Bob")]


async def test_next_clocks_of_bob_who_is_away_are_credited_to_nobody(house: House, open_hub: OpenHub) -> None:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    bob, mallory = await announce(house, bobs), await house.join(rights=MALLORY)
    await send(house, bob, said := bobs.type("Bob"))
    bob.leave()
    forged.hear([said])
    await send(house, mallory, forged.type(" lies"))
    unsaved = bobs.type(" told")
    back = await announce(house, bobs)
    await send(house, back, unsaved, bobs.type("!"))
    assert await told_always(house, open_hub) == [
        ("Bob", "Bob", "Bob"),
        (" lies", None, "Mallory"),
        ("!", "Bob", "Bob"),
    ]


async def test_other_content_for_what_never_waited_takes_no_credit_away(house: House, open_hub: OpenHub) -> None:
    await house.create()
    bobs, forged, own = Peer(7), Peer(7), Peer(9)
    bob, mallory = await announce(house, bobs), await house.join(rights=MALLORY)
    await send(house, bob, said := bobs.type("Bob"), bobs.type(" wrote"))
    forged.hear([said])
    forged.type(" lied.")
    own.hear([forged.state])
    own.type(" Mallory too")
    await send(house, mallory, own.state)
    assert await told_always(house, open_hub) == [("Bob wrote", "Bob", "Bob"), (" Mallory too", None, "Mallory")]


async def test_what_waits_of_mallory_gives_her_no_part_in_what_bob_writes_there(
    house: House, open_hub: OpenHub
) -> None:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    mallory, bob = await house.join(rights=MALLORY), await announce(house, bobs)
    forged.type("Bob")
    await send(house, mallory, forged.type(" lies"))
    await send(house, bob, bobs.type("Bob told"), bobs.type("!"))
    assert await told_always(house, open_hub) == [("Bob", "Bob", "Bob"), (" told", None, None), ("!", "Bob", "Bob")]


@dataclass
class Waiting:
    """Bob's client has delivered "Bob" and " wrote", and not yet "by", which stands between them. A forger knows of the first."""

    house: House
    bob: Guest
    mallory: Guest
    bobs: Peer
    forged: Peer
    missing: bytes


@pytest.fixture
async def waiting(house: House) -> Waiting:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    bob, mallory = await announce(house, bobs), await house.join(rights=MALLORY)
    await send(house, bob, said := bobs.type("Bob"))
    forged.hear([said])
    missing = bobs.type("by")
    await send(house, bob, bobs.type(" wrote"))
    return Waiting(house, bob, mallory, bobs, forged, missing)


async def test_bobs_units_that_waited_are_his_behind_what_mallory_filled_in(
    waiting: Waiting, open_hub: OpenHub
) -> None:
    await send(waiting.house, waiting.mallory, waiting.forged.type("XX"))
    await send(waiting.house, waiting.bob, waiting.missing, waiting.bobs.type("!"))
    assert await told_always(waiting.house, open_hub) == [
        ("Bob", "Bob", "Bob"),
        ("XX", None, "Mallory"),
        (" wrote!", "Bob", "Bob"),
    ]


async def test_mallorys_text_in_the_place_of_what_waited_is_not_bobs(waiting: Waiting, open_hub: OpenHub) -> None:
    await send(waiting.house, waiting.mallory, waiting.forged.type("XX forged"))
    await send(waiting.house, waiting.bob, waiting.missing, waiting.bobs.type("."), waiting.bobs.type("!"))
    assert await told(waiting.house) == [
        ("Bob", "Bob", "Bob"),
        ("XX", None, "Mallory"),
        (" forge", None, None),
        ("d", None, "Mallory"),
        ("!", "Bob", "Bob"),
    ]
    assert await told_always(waiting.house, open_hub) == await told(waiting.house)


async def test_what_waited_stands_before_other_text_that_comes_together_with_what_was_missing(
    waiting: Waiting, open_hub: OpenHub
) -> None:
    waiting.mallory.update(waiting.forged.type("XX"), waiting.forged.type(" liéd."))  # not to be joined with that
    await send(waiting.house, waiting.bob, waiting.missing, waiting.bobs.type("!"))
    assert await told_always(waiting.house, open_hub) == [
        ("Bob", "Bob", "Bob"),
        ("XX", None, "Mallory"),
        (" wrote", None, None),
        ("!", "Bob", "Bob"),
    ]


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
async def test_other_content_beside_something_new_changes_nothing_of_what_stands(
    waiting: Waiting, open_hub: OpenHub, *, is_known: bool
) -> None:
    forger, own = Peer(7), Peer(9)
    await send(waiting.house, waiting.bob, waiting.missing)
    if is_known:
        waiting.forged.hear([waiting.missing])
    else:
        waiting.forged.type("XX")
    forger.hear([waiting.forged.state])
    own.hear([forger.type(" lied.") and forger.state])
    own.type(" Mallory too")
    await send(waiting.house, waiting.mallory, own.state)
    assert await told_always(waiting.house, open_hub) == [
        ("Bobby", "Bob", "Bob"),
        (" wrote", None, None),
        (" Mallory too", None, "Mallory"),
    ]


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "behind"])
async def test_two_texts_that_wait_for_the_same_are_credited_to_nobody(
    waiting: Waiting, open_hub: OpenHub, *, is_first: bool
) -> None:
    waiting.forged.type("by")
    lie = waiting.forged.type(" lied" if is_first else " lied..")  # of several that may go on, the shorter one does
    await send(waiting.house, waiting.mallory, lie)
    await send(waiting.house, waiting.bob, waiting.missing)
    found = await told(waiting.house)
    assert found[0] == ("Bobby", "Bob", "Bob")
    assert found[1] == ((" lied" if is_first else " wrote"), None, None)
    async with open_hub() as restarted:
        assert await told(restarted) == found


async def test_no_recovery_credits_bob_with_what_is_disputed(house: House, open_hub: OpenHub) -> None:
    await house.create()
    bobs, forged = Peer(7), Peer(7)
    bob, ada, mallory = await announce(house, bobs), await house.join(rights=ADA), await house.join(rights=MALLORY)
    await send(house, bob, said := bobs.type("Bob"))
    bob.leave()
    missing, later = bobs.type("by"), bobs.type(" wrote")
    forged.hear([said, missing])
    await send(house, mallory, forged.type(" lied.."))
    await send(house, ada, later, missing)
    bobs.type("!")
    back = await announce(house, bobs)
    await house.hub.settle(DOC)
    back.send(SyncStep2(bobs.state))
    await house.hub.settle(DOC)
    await send(house, back, bobs.type("?"))
    assert await told_always(house, open_hub) == [
        ("Bob", "Bob", "Bob"),
        ("by", "Bob", "Ada"),
        (" wrote!", None, None),
        ("?", "Bob", "Bob"),
    ]
