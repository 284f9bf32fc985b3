"""A room in which two people keep editing, whatever somebody else does meanwhile."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count, cycle
from pathlib import Path
from string import ascii_lowercase
from typing import Final, Self

import anyio
import httpx

from collab.ports import DocumentName
from collab.protocol.messages import AwarenessEntry
from collab.protocol.structs import read_structs
from collab.storage import open_storage
from tests.gateways.clients import (
    DEADLINE,
    TOKEN_LIFETIME,
    HocuspocusClient,
    YWebsocketClient,
    seated,
    token_for,
    y_websocket,
)
from tests.support import heard
from tests.support.heard import Status, Step2, Update
from tests.support.peers import Peer, text_of
from tests.support.server import RunningServer

ADA: Final = 1001
"""The client id of whoever types over Hocuspocus."""

BEN: Final = 1002
"""The client id of whoever types over y-websocket."""

_numbers = count(1)


class LiveRoom:
    """A document of its own on a server that others attack too. Ada and Ben type letters in turn, each when the other's has come."""

    def __init__(self, server: RunningServer, database: Path, ada: HocuspocusClient, ben: YWebsocketClient) -> None:
        self.server = server
        self.name = ""
        self.text = ""
        self.may_change = False
        """Whether the attack is an edit that anybody may make, and so is stored; its text `t` is Ada's and Ben's all the same."""
        self.presence: dict[int, str] = {}
        """The awareness states that Ben was told of."""
        self._database = database
        self._pid = server.pid
        self._ada = ada
        self._ben = ben
        self._peers = Peer(ADA), Peer(BEN)
        self._letters = cycle(ascii_lowercase)

    @classmethod
    @asynccontextmanager
    async def opened(cls, server: RunningServer, database: Path) -> AsyncIterator[Self]:
        """Make a room, with both in it."""
        name = f"live {next(_numbers)}"
        async with AsyncExitStack() as stack:
            ada = await stack.enter_async_context(seated(server, name, token_for({name: "editor"}, user="ada")))
            ben = await stack.enter_async_context(
                y_websocket(server, name, token_for({name: "editor"}, user="ben")),
            )
            room = cls(server, database, ada, ben)
            room.name = name
            await ada.announce(AwarenessEntry(ADA, 1, '{"name":"Ada"}'), address=name)
            await room.take_turns()
            yield room

    # What Ada and Ben do

    async def take_turns(self) -> None:
        """Have each type a letter that the other sees; of Ada's, the last, she is told that it is saved."""
        ada, ben = self._peers
        self.text += (letter := next(self._letters))
        await self._ben.update(ben.type(letter))
        with anyio.fail_after(DEADLINE):
            while str(ada.text) != self.text:
                await self._hear_ada()
        self.text += (letter := next(self._letters))
        await self._ada.update(ada.type(letter), self.name)
        saved = False
        with anyio.fail_after(DEADLINE):
            while not saved:  # and with it everything before it
                saved = await self._hear_ada() == Status(saved=True)
            while str(ben.text) != self.text:
                await self._hear_ben()

    async def _hear_ada(self) -> heard.Heard:
        to, said = await self._ada.hear()
        assert to == self.name
        assert said != Status(saved=False), "an edit of Ada's was refused"
        if isinstance(said, Update | Step2):
            self._peers[0].hear([said.update])
        return said

    async def _hear_ben(self) -> heard.Heard:
        said = await self._ben.hear()
        if isinstance(said, Update | Step2):
            self._peers[1].hear([said.update])
        if isinstance(said, heard.States):
            self.presence |= said.states
        return said

    # What must hold

    @asynccontextmanager
    async def attacked(self) -> AsyncIterator[None]:
        """Have Ada and Ben type while somebody attacks, and see afterwards that nothing has become of it."""
        stopping = anyio.Event()

        async def go_on() -> None:
            while not stopping.is_set():
                await self.take_turns()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(go_on)
            yield
            stopping.set()
        await self.take_turns()
        assert (self.server.is_running, self.server.pid) == (True, self._pid)
        assert await self._text_for_a_newcomer() == self.text
        await self._check_store()

    async def _text_for_a_newcomer(self) -> str:
        async with seated(self.server, self.name, token_for({self.name: "reader"}, user="newcomer")) as newcomer:
            return await newcomer.sync(self.name)

    async def _check_store(self) -> None:
        async with open_storage(f"sqlite:///{self._database}") as storage:
            stored = await storage.log.load(DocumentName(self.name))
        assert stored is not None
        content = stored.content
        updates = content.updates if content.snapshot is None else (content.snapshot, *content.updates)
        assert text_of(*updates) == self.text
        if not self.may_change:
            writers = {run.client for update in updates for run in read_structs(update).runs}
            assert writers == {ADA, BEN}, "something is stored that neither Ada nor Ben has written"

    # Who attacks

    def token(self, role: str = "editor", *, user: str = "mallory", seconds: float = TOKEN_LIFETIME) -> str:
        """Return a token for the room that somebody else has."""
        return token_for({self.name: role}, user=user, seconds=seconds)

    @asynccontextmanager
    async def hocuspocus(self, role: str = "editor") -> AsyncIterator[HocuspocusClient]:
        """Let an attacker in."""
        async with seated(self.server, self.name, self.token(role)) as client:
            yield client

    @asynccontextmanager
    async def y_websocket(self, role: str = "editor") -> AsyncIterator[YWebsocketClient]:
        """Let an attacker in."""
        async with y_websocket(self.server, self.name, self.token(role)) as client:
            yield client

    def api(self, token: str) -> httpx.AsyncClient:
        """Return what speaks to the REST API with a token."""
        return httpx.AsyncClient(
            base_url=f"{self.server.url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=DEADLINE
        )
