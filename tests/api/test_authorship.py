"""Who wrote what, over REST: by verified users, by guests, by those who bring what is not theirs; across compaction and a restart."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from time import time
from typing import Any

import httpx
import jwt
from pycrdt import Array, Doc, Text
from sqlalchemy import text
from structlog.testing import capture_logs

from collab.ports import DocumentName
from collab.settings import Settings
from collab.storage.database import open_database
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

    async def state(self) -> bytes:
        """Return the document as one update."""
        answer = await self._api.get(f"{NOTES}/content", params={"format": "update"}, headers=self._headers)
        assert answer.status_code == 200, answer.text
        return answer.content

    async def restore(self, version: int) -> None:
        answer = await self._api.post(f"{NOTES}/versions/{version}/restore", headers=self._headers)
        assert answer.status_code == 200, answer.text

    async def keep_version(self, name: str) -> int:
        answer = await self._api.post(f"{NOTES}/versions", json={"name": name}, headers=self._headers)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def credits(self) -> list[tuple[str, str | None, str | None]]:
        """Return each piece of the document with who is credited with it, and who delivered it.

        Pieces that differ in the minute of their delivery alone are joined.
        """
        credited = []
        for line in (await self.get("authorship"))["lines"]:
            for whose, pieces in groupby(line["segments"], key=whose_it_is):
                credited.append(("".join(piece["text"] for piece in pieces), *whose))
        return credited


def whose_it_is(segment: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return who is credited with a piece, and who delivered it."""
    return name_of(segment["author"]), name_of(segment["delivered_by"])


def name_of(author: dict[str, str] | None) -> str | None:
    return None if author is None else author["name"]


async def test_each_piece_is_its_writers(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        began = datetime.now(UTC)
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
        delivered_at = datetime.fromisoformat(segment["delivered_at"])
        assert delivered_at == delivered_at.replace(second=0, microsecond=0)
        assert began - timedelta(minutes=1) < delivered_at <= datetime.now(UTC)


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


async def test_a_damaged_record_of_who_wrote_credits_nobody_and_the_document_is_served_all_the_same(
    serve: Serve,
) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.type("hello"))
        version = await ada.keep_version("Draft")
        record = await server.storage.documents.get(DocumentName("notes"))
        await server.storage.log.compact(record.id)
        async with open_database(f"sqlite:///{server.database}") as database, database.writing() as connection:
            await connection.execute(text("UPDATE snapshots SET authorship = x'0002deadbeef'"))
        bobs.hear([adas.state])
        await bob.write(bobs.type(" you"))

        with capture_logs() as logged:
            assert await ada.credits() == [("hello", None, None), (" you", "Bob", "Bob")]
        (line,) = (await ada.get(f"versions/{version}/comparison?with=current"))["lines"]
        assert [(each["text"], name_of(each["author"])) for each in line["segments"]] == [
            ("hello", None),
            (" you", "Bob"),
        ]
        await ada.keep_version("Later")
        await ada.restore(version)

        assert [entry["event"] for entry in logged if entry["log_level"] == "warning"] == [
            "a record of who wrote a document is damaged; nobody is credited with what it told of"
        ]
        assert text_in(await ada.state()) == "hello"
        assert await ada.credits() == [("hello", None, None)]
        assert (await server.storage.log.compact(record.id)) is not None
        assert await ada.credits() == [("hello", None, None)]


def text_in(state: bytes) -> str:
    document = Doc[Text]()
    document.apply_update(state)
    return str(document.get("t", type=Text))


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


async def test_restored_text_is_not_the_restorers_even_if_they_go_on_under_its_id(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, mallory, adas, mallorys = User(server.client, "Ada"), User(server.client, "Mallory"), Peer(7), Peer(9)
        await ada.create()
        await ada.write(adas.type("Ada wrote this. "))
        version = await ada.keep_version("Hers")
        mallorys.hear([adas.state])
        await mallory.write(mallorys.edit(lambda peer: peer.text.clear()))

        await mallory.restore(version)
        assert await ada.credits() == [("Ada wrote this. ", None, "Mallory")]
        (piece,) = (await ada.get(f"versions/{version}/comparison"))["lines"][0]["segments"]
        assert name_of(piece["author"]) == "Ada"

    async with serve(GUARDED, database=server.database) as restarted:
        ada, mallory = User(restarted.client, "Ada"), User(restarted.client, "Mallory")
        (segment,) = (await ada.get("authorship"))["lines"][0]["segments"]
        stolen = Peer(segment["client_id"])
        stolen.hear([await mallory.state()])
        await mallory.write(stolen.type("So did I."))
        assert await ada.credits() == [("Ada wrote this. So did I.", None, "Mallory")]


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


async def test_a_comparison_says_who_added_and_who_removed_after_compaction_too(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.type("keep this, not that"))
        first = await ada.keep_version("First")
        bobs.hear([adas.state])
        await bob.write(bobs.edit(lambda peer: peer.text.__delitem__(slice(9, 19))))
        await bob.write(bobs.type(" please"))

        record = await server.storage.documents.get(DocumentName("notes"))
        assert await server.storage.log.compact(record.id) is not None

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


async def test_a_comparison_says_who_set_and_who_removed_values_and_formats(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.type("one two"))
        await ada.write(adas.edit(lambda peer: peer.text.format(0, 3, {"bold": True})))
        await ada.write(adas.edit(lambda peer: peer.map.update({"kept": 1.0, "changed": 1.0, "gone": 1.0})))
        first = await ada.keep_version("First")
        bobs.hear([adas.state])
        await bob.write(bobs.edit(lambda peer: peer.text.format(0, 7, {"bold": None, "em": True})))
        await bob.write(bobs.edit(lambda peer: peer.map.update({"changed": 2.0, "new": 1.0})))
        await bob.write(bobs.edit(lambda peer: peer.map.pop("gone")))

        entries, text = (await ada.get(f"versions/{first}/comparison?with=current"))["lines"]
        written = (await ada.get("authorship"))["lines"][0]["entries"]

    assert whose(entries["entries"]) == [
        ("changed", "changed", "1", "2", "Bob", "Bob"),
        ("gone", "removed", "1", None, None, "Bob"),
        ("new", "added", None, "1", "Bob", None),
    ]
    assert [(segment["text"], whose(segment["formats"])) for segment in text["segments"]] == [
        ("one", [("bold", "removed", "true", None, None, "Bob"), ("em", "added", None, "true", "Bob", None)]),
        (" two", [("em", "added", None, "true", "Bob", None)]),
    ]
    assert whose(written) == [
        ("changed", "added", None, "2", "Bob", None),
        ("kept", "added", None, "1", "Ada", None),
        ("new", "added", None, "1", "Bob", None),
    ]


def whose(keys: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    """Return what became of each key, who is credited with its new value, and who removed the old one."""
    return [
        (
            each["key"],
            each["change"],
            each["before"],
            each["after"],
            name_of(each["author"]),
            name_of(each["removed_by"]),
        )
        for each in keys
    ]


async def test_a_format_that_somebody_cut_short_is_removed_by_them(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.edit(lambda peer: peer.text.insert(0, "one two", {"bold": True})))
        first = await ada.keep_version("First")
        bobs.hear([adas.state])
        await bob.write(bobs.edit(lambda peer: peer.text.format(3, 7, {"bold": None})))

        (line,) = (await ada.get(f"versions/{first}/comparison?with=current"))["lines"]

    changes = {segment["text"]: whose(segment["formats"]) for segment in line["segments"] if segment["formats"]}
    assert changes == {" two": [("bold", "removed", "true", None, None, "Bob")]}


async def test_a_format_that_somebody_stretched_is_theirs_where_they_stretched_it(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob, adas, bobs = User(server.client, "Ada"), User(server.client, "Bob"), Peer(1), Peer(2)
        await ada.create()
        await ada.write(adas.type("one two"))
        await ada.write(adas.edit(lambda peer: peer.text.format(0, 3, {"bold": True})))
        first = await ada.keep_version("First")
        bobs.hear([adas.state])
        await bob.write(bobs.edit(lambda peer: peer.text.format(3, 7, {"bold": True})))

        (line,) = (await ada.get(f"versions/{first}/comparison?with=current"))["lines"]

    told = [(segment["text"], each) for segment in line["segments"] for each in segment["formats"]]
    assert [(text, each["change"], each["after"], name_of(each["delivered_by"])) for text, each in told] == [
        (" two", "added", "true", "Bob")
    ]


async def test_each_value_of_a_list_is_removed_by_who_removed_it(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        ada, bob = User(server.client, "Ada"), User(server.client, "Bob")
        await ada.create()
        doc: Doc[Any] = Doc(client_id=2)
        values = doc.get("a", type=Array)
        values.extend(["x", "y", {"z": 1.0}])
        await ada.write(doc.get_update())
        first = await ada.keep_version("First")
        del values[0]
        await ada.write(doc.get_update())
        del values[0:2]
        await bob.write(doc.get_update())

        (line,) = (await ada.get(f"versions/{first}/comparison?with=current"))["lines"]

    assert [(each["text"], each["holds"], name_of(each["removed_by"])) for each in line["segments"]] == [
        ('["x"]', "values", "Ada"),
        ('["y", {"z": 1}]', "values", "Bob"),
    ]


async def test_nobody_asks_without_a_token(guarded: httpx.AsyncClient) -> None:
    assert (await guarded.get(f"{NOTES}/authorship")).status_code == 401


async def test_an_unknown_document_has_no_authorship(server: Server) -> None:
    assert (await server.client.get(f"{NOTES}/authorship")).status_code == 404


async def test_clocks_that_somebody_delivers_ahead_of_their_user_are_credited_to_nobody(serve: Serve) -> None:
    async with serve(GUARDED) as server:
        bob, mallory, bobs, forged = User(server.client, "Bob"), User(server.client, "Mallory"), Peer(7), Peer(7)
        await bob.create()
        await bob.write(said := bobs.type("Bob's"))
        forged.hear([said])
        forged.type(" own")
        await mallory.write(forged.type("xxxxxx"))
        await bob.write(bobs.type(" own words"))

        assert await bob.credits() == [("Bob's own", "Bob", "Bob"), (" words", None, None)]
