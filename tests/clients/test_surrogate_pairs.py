"""Real clients whose edits look at nothing but UTF-16 units, and so part emoji: no letter is lost, and all converge with the server."""

import random

import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import VERSIONS, Client
from tests.support.eventually import poll

EMOJI = "a😀b😀c"


def texts_of(clients: dict[str, Client]) -> set[str]:
    return {client.state()["text"] for client in clients.values()}


def edit_anywhere(client: Client, chance: random.Random) -> None:
    """Put something between any two units, or delete one."""
    length = client.state()["length"]
    if length and chance.random() < 0.4:
        client.erase(chance.randrange(length), 1)
    else:
        client.insert(chance.randint(0, length), chance.choice(["x", "😀", "é🛳", "語"]))


@pytest.mark.parametrize("version", VERSIONS)
def test_whoever_parts_an_emoji_deletes_it_for_all(version: str, meeting: Meeting) -> None:
    clients = meeting.join_all()
    clients["y-websocket-v3"].insert(0, EMOJI)
    for client in clients.values():
        client.until(text=EMOJI)

    clients[version].insert(2, "X")
    clients[version].until(text="aXb😀c")
    clients[version].erase(4, 1)

    for client in clients.values():
        client.until(text="aXbc")
    meeting.join_synced(version, "late").until(text="aXbc")


@pytest.mark.parametrize("seed", range(3))
def test_edits_of_any_unit_by_all_converge(seed: int, meeting: Meeting) -> None:
    chance = random.Random(seed)
    clients = meeting.join_all()
    clients["y-websocket-v3"].insert(0, EMOJI * 10)

    for _ in range(150):
        edit_anywhere(clients[chance.choice(VERSIONS)], chance)

    poll(lambda: len(texts_of(clients)) == 1, "all have the same text")
    meeting.join_synced("hocuspocus-v4", "late").until(text=texts_of(clients).pop())
