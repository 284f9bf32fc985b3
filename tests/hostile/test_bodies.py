"""Bodies of requests that come slowly, or never whole, from many at once: next to a live room."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import quote

import anyio
import httpx
import pytest

from tests.gateways.clients import DEADLINE
from tests.hostile.conftest import LIMITS
from tests.hostile.live import LiveRoom
from tests.hostile.test_resources import answer_of, answer_to, memory_bounded, opened_socket
from tests.support.answers import parsed
from tests.support.peers import Peer

LARGEST = int(LIMITS["COLLAB_MAX_MESSAGE_BYTES"])
CREATED = "/api/v1/documents", "application/json"
"""Its body is read before anybody is asked for a token."""


def head(live: LiveRoom, framing: str, path: str = CREATED[0], media_type: str = CREATED[1]) -> bytes:
    """Return the head of a request that announces a body."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {live.server.address}\r\nAuthorization: Bearer {live.token()}\r\n"
        f"Content-Type: {media_type}\r\n{framing}\r\n\r\n"
    ).encode()


def content_of(live: LiveRoom) -> tuple[str, str]:
    """Return where an update is sent to, and as what."""
    return f"/api/v1/documents/{quote(live.name, safe='')}/content", "application/octet-stream"


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("endpoint", ["create", "content"])
async def test_body_that_dribbles_is_given_up_in_time(live: LiveRoom, framing: str, endpoint: str) -> None:
    path, media_type = CREATED if endpoint == "create" else content_of(live)
    piece = b" " if framing.startswith("Content") else b"1\r\n \r\n"
    async with live.attacked(), await opened_socket(live, head(live, framing, path, media_type)) as stream:

        async def dribble() -> None:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                while True:
                    await stream.send(piece)
                    await anyio.sleep(0.1)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dribble)
            answer = parsed(await answer_of(stream))
            tasks.cancel_scope.cancel()

    assert (answer.status_code, answer.headers["content-type"]) == (408, "application/problem+json")
    assert "came in 4 s; expected all of it by then" in answer.json()["detail"]


async def test_bodies_that_never_come_whole_are_held_within_a_sum(live: LiveRoom) -> None:
    answers: list[bytes] = []
    half = head(live, f"Content-Length: {LARGEST}") + bytes(LARGEST // 2)

    async def hold() -> None:
        async with await opened_socket(live, b"") as stream:
            answers.append(await answer_to(stream, half))

    async with live.attacked(), memory_bounded(live), anyio.create_task_group() as tasks:
        for _ in range(30):  # a fast sender's buffers cost the server some 600 kB each beside the bodies
            tasks.start_soon(hold)

    heard = [parsed(answer) for answer in answers if answer]
    refused = [answer for answer in heard if answer.status_code == 503]
    assert {answer.status_code for answer in heard} <= {408, 503}
    assert len(refused) > len(answers) / 2, "there is room for four of them"
    assert {answer.json()["type"] for answer in refused} == {"/api/docs#busy"}


@asynccontextmanager
async def held_bodies(live: LiveRoom) -> AsyncIterator[None]:
    """Fill the room that there is for bodies."""
    most = bytes(LARGEST - 200_000)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(await opened_socket(live, head(live, f"Content-Length: {LARGEST}") + most))
        yield


async def test_writer_over_rest_is_told_to_come_back_while_there_is_no_room_for_bodies(live: LiveRoom) -> None:
    update = Peer(66).edit(lambda peer: peer.map.update({"x": "x" * 500_000}))
    path, media_type = content_of(live)
    live.may_change = True

    async def write() -> httpx.Response:
        return await api.post(f"{live.server.url}{path}", content=update, headers={"content-type": media_type})

    async with live.attacked(), live.api(live.token()) as api:
        async with held_bodies(live):
            with anyio.fail_after(DEADLINE):
                while (refused := await write()).status_code != 503:
                    assert refused.status_code == 204
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["type"] == "/api/docs#busy"
        with anyio.fail_after(DEADLINE):
            while (await write()).status_code != 204:
                pass
