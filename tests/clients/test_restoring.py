"""A version is restored while real clients of both dialects type: they see it, and lose nothing that they type afterwards."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle
from typing import Any

import httpx
import pytest

from tests.clients.meeting import Meeting
from tests.clients.process import HOCUSPOCUS_VERSIONS, Y_WEBSOCKET_VERSIONS, Client
from tests.support.eventually import poll

WORD = re.compile(r"<\w+ \d+>")
MOST_WORDS = 1000
"""How many are typed on a slow machine, whose restore takes long: each client repeats its whole text at every step."""

DRAFT = "".join(f"A paragraph of the draft, number {number}.\n" for number in range(300))


class Typing:
    """Two clients in one document, who type words in turn, each at its beginning and each word but once."""

    def __init__(self, meeting: Meeting, clients: tuple[Client, ...], api: httpx.Client) -> None:
        self.typed: list[str] = []
        self._meeting = meeting
        self._clients = clients
        self._turns = cycle(clients)
        self._numbers = count(1)
        self._api = api

    def word(self) -> None:
        """Have the next one type."""
        client = next(self._turns)
        self.typed.append(word := f"<{client.name} {next(self._numbers)}>")
        client.insert(0, word)

    def words(self, number: int) -> None:
        """Have both type so many words together, and wait until everybody has the same."""
        for _ in range(number):
            self.word()
        last = set(self.typed[-len(self._clients) :])
        poll(lambda: last <= set(WORD.findall(self.content())), "the last words at the server")
        for client in self._clients:
            client.until(text=self.content())

    def content(self, version: int | None = None) -> str:
        """Return the document's text, or a version's."""
        path = "/content" if version is None else f"/versions/{version}/content"
        return self._api.get(path, params={"format": "text"}).raise_for_status().text

    def keep(self) -> int:
        """Keep a version."""
        kept: int = self._api.post("/versions", json={"name": "Draft"}).raise_for_status().json()["id"]
        return kept

    def restores_meanwhile(self, version: int) -> int:
        """Restore a version while both go on typing; see what came of it, and return the version that was kept before."""
        with ThreadPoolExecutor(1) as threads:
            restoring = threads.submit(self._api.post, f"/versions/{version}/restore", timeout=60)
            self.word()
            while not restoring.done() and len(self.typed) < MOST_WORDS:
                self.word()
            answer: dict[str, Any] = restoring.result().raise_for_status().json()
        typed_by_then = len(self.typed)
        self.words(20)
        self._check(self.content(version), self.content(answer["before"]["id"]), self.typed[typed_by_then:])
        return int(answer["before"]["id"])

    def _check(self, restored: str, before: str, afterwards: list[str]) -> None:
        """Assert that the document is what was restored, and all that was typed since it was something else."""
        now = self.content()
        since = set(self.typed) - set(WORD.findall(before)) - set(WORD.findall(restored))
        assert without(since, now) == restored
        assert since <= set(WORD.findall(now))
        assert set(afterwards) <= since
        newcomer = self._meeting.join(self._clients[0].version, "newcomer")
        newcomer.until(synced=True, text=now)
        newcomer.leave()


def without(words: set[str], text: str) -> str:
    return WORD.sub(lambda found: "" if found[0] in words else found[0], text)


@pytest.fixture
def typing(meeting: Meeting) -> Iterator[Typing]:
    with httpx.Client(base_url=f"{meeting.server.url}/api/v1/documents/{meeting.document}", timeout=60) as api:
        created = httpx.post(f"{meeting.server.url}/api/v1/documents", json={"name": meeting.document, "kind": "yjs"})
        assert created.status_code == 201
        ada = meeting.join_synced(HOCUSPOCUS_VERSIONS[-1], "ada")
        ben = meeting.join_synced(Y_WEBSOCKET_VERSIONS[-1], "ben")
        ada.insert(0, DRAFT)
        ben.until(text=DRAFT)
        yield Typing(meeting, (ada, ben), api)


def test_version_is_restored_while_two_type_and_undone_while_they_go_on(typing: Typing) -> None:
    typing.words(4)
    draft = typing.keep()
    typing.words(20)

    before = typing.restores_meanwhile(draft)
    typing.restores_meanwhile(before)


def test_restore_that_is_undone_gives_back_exactly_what_was_there(typing: Typing) -> None:
    draft = typing.keep()
    typing.words(20)
    was = typing.content()

    before = typing.restores_meanwhile(draft)

    assert without(set(typing.typed[20:]), typing.content(before)) == was
