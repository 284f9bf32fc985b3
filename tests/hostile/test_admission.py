"""Whoever is not let in, and whatever they send meanwhile."""

import time
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collab.protocol.hocuspocus import HocuspocusDialect
from collab.protocol.lib0 import var_string
from tests.gateways.clients import hocuspocus, joining, token_for, y_websocket
from tests.gateways.serving import SECRET
from tests.hostile.live import LiveRoom
from tests.support.heard import AskedForToken, Denied, LetIn
from tests.support.peers import Peer

MALLORY: Final = 66


def stranger_tokens(name: str) -> dict[str, str | None]:
    claims = {"sub": "mallory", "name": "Mallory", "exp": time.time() + 600, "documents": {name: "editor"}}
    return {
        "none": None,
        "empty": "",
        "junk": "not.a.token",
        "expired": token_for({name: "editor"}, seconds=-60),
        "for another document": token_for({f"{name}0": "editor"}),
        "of another secret": token_for({name: "editor"}, secret="f" * 32),
        "unsigned": jwt.encode(claims, "", algorithm="none"),
        "without an expiry": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, SECRET, algorithm="HS256"),
        "with no role": token_for({name: "emperor"}),
        "of 100 kB": token_for({f"{name} {number}": "editor" for number in range(3_000)}),
        "NUL": "\x00",
    }


EVERY_STRANGER = pytest.mark.parametrize("kind", [*stranger_tokens("")])


@EVERY_STRANGER
async def test_stranger_is_answered_at_the_upgrade_of_y_websocket(live: LiveRoom, kind: str) -> None:
    token = stranger_tokens(live.name)[kind]
    query = "" if token is None else f"?token={quote(token)}"
    async with live.attacked():
        assert await status_of(live, f"/sync/{quote(live.name)}{query}") in (400, 401, 403, 431)


@EVERY_STRANGER
async def test_stranger_is_denied_by_hocuspocus_and_its_edits_dropped(live: LiveRoom, kind: str) -> None:
    token = stranger_tokens(live.name)[kind]
    async with live.attacked(), hocuspocus(live.server) as client:
        await client.update(Peer(MALLORY).type("a stranger's"), live.name)
        await client.authenticate(live.name, token or "")
        await client.update(Peer(MALLORY).type("a stranger's"), live.name)

        await client.until(Denied, live.name)


@pytest.mark.parametrize("kind", [kind for kind in stranger_tokens("") if kind not in ("empty", "NUL")])
async def test_stranger_neither_reads_nor_writes_over_rest(live: LiveRoom, kind: str) -> None:
    token = stranger_tokens(live.name)[kind]
    headers = {"content-type": "application/octet-stream"}
    async with live.attacked(), live.api(token or "") as api:
        if token is None:
            del api.headers["authorization"]
        path = f"/documents/{live.name}/content"
        answers = [await api.get(path), await api.post(path, content=Peer(MALLORY).type("x"), headers=headers)]
    assert {answer.status_code for answer in answers} <= {400, 401, 403, 431}


async def status_of(live: LiveRoom, path: str, origin: str | None = None) -> int:
    """Return the HTTP status with which an upgrade is refused; 101 for one that is not."""
    headers = {} if origin is None else {"origin": origin}
    try:
        async with connect(f"{live.server.websocket_url}{path}", additional_headers=headers, close_timeout=2):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def test_token_that_expires_in_the_session_ends_it(live: LiveRoom) -> None:
    token = live.token(seconds=1.5)
    async with live.attacked(), y_websocket(live.server, live.name, token) as client, hocuspocus(live.server) as other:
        await other.authenticate(live.name, token)
        await other.until(LetIn, live.name)

        assert (await client.ending())[0] == 4401
        await other.until(AskedForToken, live.name)
        await other.authenticate(live.name, token)
        await other.until(Denied, live.name)
        await other.update(Peer(MALLORY).type("late"), live.name)


async def test_page_that_hides_its_origin_is_refused(live: LiveRoom) -> None:
    paths = f"/sync/{quote(live.name)}?token={live.token()}", "/hocuspocus"
    async with live.attacked():
        assert [await status_of(live, path, "null") for path in paths] == [403, 403]


async def test_frames_before_a_token_over_the_limit_end_the_connection(live: LiveRoom) -> None:
    frame = HocuspocusDialect(live.name).sync_update(Peer(MALLORY).type("x" * 10_000))
    async with live.attacked(), hocuspocus(live.server) as client:
        await client.say(*([frame] * 14))

        assert (await client.ending())[0] == 1008


async def test_many_small_frames_before_a_token_end_the_connection(live: LiveRoom) -> None:
    async with live.attacked(), hocuspocus(live.server) as client:
        with suppress(ConnectionClosed):
            await client.say(*([var_string(live.name) + b"\x03"] * 20_000))

        # They are read no faster than messages may come, so that its time may be over before it has sent too much. `None` comes where
        # its own bytes were still under way.
        assert (await client.ending())[0] in (1008, 4401, None)


async def test_more_pending_documents_than_allowed_end_the_connection(live: LiveRoom) -> None:
    async with live.attacked(), hocuspocus(live.server) as client:
        for number in range(9):
            await client.ask(f"pending {number}")

        assert (await client.ending())[0] == 1008


async def test_more_open_documents_than_allowed_end_the_connection(live: LiveRoom) -> None:
    async with live.attacked(), hocuspocus(live.server) as client:
        for number in range(9):
            await client.authenticate(f"{live.name}/{number}", token_for({"*": "editor"}))

        assert (await client.ending())[0] == 1008


async def test_guesses_at_a_token_without_end_are_each_denied(live: LiveRoom) -> None:
    async with live.attacked(), hocuspocus(live.server) as client:
        for number in range(200):
            await client.authenticate(live.name, token_for({live.name: "editor"}, secret=f"{number:032}"))
            await client.until(Denied, live.name)


@pytest.mark.parametrize("door", ["/hocuspocus"])
async def test_socket_that_never_authenticates_is_ended(live: LiveRoom, door: str) -> None:
    async with live.attacked(), joining(live.server.websocket_url + door) as connection:
        await connection.wait_closed()

        assert connection.close_code == 4401


NAMES: dict[str, str] = {
    "parent": "../{}",
    "parent, encoded": "..%2F{}",
    "slash, encoded": "{}%2F",
    "slash, encoded twice": "{}%252F",
    "asterisk": "*",
    "asterisk behind": "{}*",
    "colon": "{}:",
    "NUL": "{}%00",
    "NUL and a session": "{}%00session",
    "10 kB": "{}" + "x" * 10_000,
    "Cyrillic lookalike": "{}".replace("{}", "l%D1%96ve"),
    "full width": "%EF%BD%8C%EF%BD%89%EF%BD%96%EF%BD%85",
    "combining": "{}%CC%81",
    "upper case": "LIVE",
    "space behind": "{}%20",
    "zero width space": "{}%E2%80%8B",
    "right-to-left override": "%E2%80%AE{}",
    "no UTF-8": "{}%FF",
    "surrogate": "{}%ED%A0%80",
    "line feed": "{}%0A",
    "semicolon": "{};",
    "backslash": "..%5C{}",
    "empty": "",
}


@pytest.mark.parametrize("pattern", NAMES.values(), ids=[*NAMES])
async def test_name_beside_the_documents_leads_to_another_or_none(live: LiveRoom, pattern: str) -> None:
    name = pattern.replace("{}", quote(live.name))
    async with live.attacked():
        assert await status_of(live, f"/sync/{name}?token={live.token()}") in (400, 403, 404)
        async with live.api(live.token()) as api:
            assert (await api.delete(f"/documents/{name}")).status_code in (307, 400, 403, 404, 405, 422)


@pytest.mark.parametrize("name", ["../{}", "{}/", "*", "{}*", "{}:", "{}\n", "{} ", "l\u0456ve 1", "{}\u0301", "LIVE"])
async def test_address_beside_the_documents_is_denied(live: LiveRoom, name: str) -> None:
    address = name.replace("{}", live.name)
    async with live.attacked(), hocuspocus(live.server) as client:
        await client.update(Peer(MALLORY).type("x"), address)
        await client.authenticate(address, live.token())

        await client.until(Denied, address)


async def test_address_of_10_kb_ends_the_connection(live: LiveRoom) -> None:
    async with live.attacked(), hocuspocus(live.server) as client:
        await client.ask(live.name + "\x00" + "x" * 10_000)

        assert (await client.ending())[0] == 4400
