"""Who wrote what, over REST: by verified users, by guests, by those who bring what is not theirs; across compaction and a restart."""

from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import httpx
import jwt
from pycrdt import Array, Doc, Text

from collab.ports import DocumentName
from collab.settings import Settings
from tests.api.conftest import SECRET, Serve, Server
from tests.support.peers import Peer

NOTES = "/api/v1/documents/notes"
GUARDED = Settings.model_validate({"secret": SECRET})


class User:
    """Somebody with a token, who may edit every document."""

    def __init__(self, api: httpx.AsyncClient, name: str, role: str = "editor") -> None:
        self._api = api
        claims = {"sub": name.lower(), "name": name, "exp": time() + 600, "documents": {"*": role}}
        self._headers = {"Authorization": f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"}

    async def create(self) -> None:
        answer = await self._api.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"}, headers=self._headers)
        assert answer.status_code == 201, answer.text

    async def write(self, update: bytes) -> None:
        headers = {"Content-Type": "application/octet-stream", **self._headers}
        answer = await self._api.post(f"{NOTES}/content", content=update, headers=headers)
        assert answer.status_code == 204, answer.text

    async def get(self, path: str) -> Any:
        answer = await self._api.get(f"{NOTES}/{path}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def keep_version(self, name: str) -> int:
        answer = await self._api.post(f"{NOTES}/versions", json={"name": name}, headers=self._headers)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def credits(self) -> list[tuple[str, str | None, str | None]]:
        """Return each piece of the document with who is credited with it, and who delivered it."""
        lines = (await self.get("authorship"))["lines"]
        return [
            (segment["text"], name_of(segment["author"]), name_of(segment["delivered_by"]))
            for line in lines
            for segment in line["segments"]
        ]


def name_of(author: dict[str, str] | None) -> str | None:
    return None if author is None else author["name"]


async def test_each_piece_is_its_writers(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(first := adas.type("one four"))
        bobs.hear([first])
        await bob.write(bobs.edit(lambda peer: peer.text.insert(4, "two three ")))

        assert await ada.credits() == [("one ", "Ada", "Ada"), ("two three ", "Bob", "Bob"), ("four", "Ada", "Ada")]
        (line,) = (await ada.get("authorship"))["lines"]
        assert (line["root"], line["tag"]) == ("t", "")
        segment = line["segments"][1]
        assert (segment["credited"], segment["client_id"]) == (True, 2)
        assert segment["author"] == {"id": "bob", "name": "Bob"}
        age = datetime.now(UTC) - datetime.fromisoformat(segment["delivered_at"])
        assert timedelta(0) <= age < timedelta(minutes=1)


async def test_it_is_the_same_after_compaction_and_a_restart(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        for letter in "hello":
            await ada.write(adas.type(letter))
        bobs.hear([adas.state])
        await bob.write(bobs.type(" you"))
        before = await ada.get("authorship")
        record = await server.storage.documents.get(DocumentName("notes"))
        compaction = await server.storage.log.compact(record.id)
        assert compaction is not None
        assert compaction.freed == 6

        assert await ada.get("authorship") == before

    async with serve(GUARDED, database=server.database) as restarted:
        assert await User(restarted.client, "Ada").get("authorship") == before


async def test_what_somebody_brings_under_anothers_id_is_credited_to_nobody(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        bob, mallory, bobs = User(server.client, "Bob"), User(server.client, "Mallory"), Peer(2)
        await bob.create()
        await bob.write(said := bobs.type("I owe nothing"))
        forged = Peer(2)
        forged.hear([said])
        await mallory.write(forged.type(" but my house"))

        expected = [("I owe nothing", "Bob", "Bob"), (" but my house", None, "Mallory")]
        assert await bob.credits() == expected
        assert not (await bob.get("authorship"))["lines"][0]["segments"][1]["credited"]


async def test_claiming_ids_that_others_use_later_gets_nothing_but_that_they_are_not_credited(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        bob, mallory, stolen = User(server.client, "Bob"), User(server.client, "Mallory"), Peer(2)
        await bob.create()
        await mallory.write(claimed := stolen.type("mine"))
        bobs = Peer(2)
        bobs.hear([claimed])
        await bob.write(bobs.type(", not yours"))

        assert await bob.credits() == [("mine", "Mallory", "Mallory"), (", not yours", None, "Bob")]


async def test_delivering_again_what_another_wrote_changes_nothing(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        bob, mallory, bobs = User(server.client, "Bob"), User(server.client, "Mallory"), Peer(2)
        await bob.create()
        await bob.write(bobs.type("Bob's"))
        copied = Peer(3)
        copied.hear([bobs.state])
        copied.type(" and mine")
        await mallory.write(copied.state)

        # what is under two ids at once may be what somebody brings back: only what stands alone claims an id
        assert await bob.credits() == [("Bob's", "Bob", "Bob"), (" and mine", None, "Mallory")]


async def test_guests_are_credited_with_nothing(api: httpx.AsyncClient) -> None:
    await api.post("/api/v1/documents", json={"name": "notes", "kind": "yjs"})
    update = Peer(1).type("hello")
    await api.post(f"{NOTES}/content", content=update, headers={"Content-Type": "application/octet-stream"})
    (line,) = (await api.get(f"{NOTES}/authorship")).json()["lines"]
    (segment,) = line["segments"]
    assert (segment["text"], segment["author"], segment["credited"], segment["delivered_by"]) == (
        "hello",
        None,
        False,
        None,
    )


async def test_pieces_are_cut_between_utf16_units_and_values_of_lists_are_left_whole(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        bob, mallory = User(server.client, "Bob"), User(server.client, "Mallory")
        await bob.create()
        bobs: Doc[Any] = Doc(client_id=2)
        bobs.get("a", type=Array).extend(["x", "y"])
        await bob.write(bobs.get_update())
        reached = bobs.get_state()
        bobs.get("t", type=Text).insert(0, "a😀")
        await bob.write(bobs.get_update(reached))
        reached = bobs.get_state()
        bobs.get("t", type=Text).insert(len("a😀".encode()), "é𝄞!")
        await mallory.write(bobs.get_update(reached))

        assert await bob.credits() == [
            ('["x", "y"]', "Bob", "Bob"),
            ("a😀", "Bob", "Bob"),
            ("é𝄞!", None, "Mallory"),
        ]


async def test_a_comparison_says_who_added_and_who_removed(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.type("keep this, not that"))
        first = await ada.keep_version("First")
        bobs.hear([adas.state])
        await bob.write(bobs.edit(lambda peer: peer.text.__delitem__(slice(9, 19))))
        await bob.write(bobs.type(" please"))

        (line,) = (await ada.get(f"versions/{first}/comparison?with=current"))["lines"]

        pieces = [
            (piece["text"], piece["change"], name_of(piece["author"]), name_of(piece["removed_by"]))
            for piece in line["segments"]
        ]
        assert pieces == [
            ("keep this", "kept", "Ada", None),
            (", not that", "removed", "Ada", "Bob"),
            (" please", "added", "Bob", None),
        ]


async def test_nobody_asks_without_a_token(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get(f"{NOTES}/authorship")).status_code == 401


async def test_an_unknown_document_has_no_authorship(server: Server) -> None:
    assert (await server.client.get(f"{NOTES}/authorship")).status_code == 404
