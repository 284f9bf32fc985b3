"""All WebSockets of this process: how many there may be, and which of them answer no more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from collab.access import counted_as
from collab.errors import CollabError, LimitExceeded, PeerTimeout
from collab.gateways.connection import Connection, Talk
from collab.gateways.flow import FlowRates
from collab.gateways.inflow import Inflow
from collab.gateways.intake import Intake
from collab.gateways.tally import Tally
from collab.gateways.wires import Pressure
from collab.light_tasks import LightTasks
from collab.protocol.budget import Budget
from collab.settings import Settings


class Connections:
    """Counts the WebSockets, and drops the peers that have died without a word."""

    def __init__(self, settings: Settings, pressure: Pressure, intake: Intake | None, tasks: LightTasks) -> None:
        """Under `pressure` nothing is read from any of them; `intake` is as in `Inflow`; `tasks` outlast all of them."""
        half_read = Budget(settings.max_half_read_bytes, "messages that have not come whole")
        self._inflow = Inflow(pressure, half_read, intake, FlowRates.of(settings))
        self._max_message_bytes = settings.max_message_bytes
        self._tasks = tasks
        self._limit = settings.max_connections
        self._timeout = settings.peer_timeout
        self._places = 0
        self._of_addresses = Tally(settings.max_connections_per_address, "this address")
        self._of_users = Tally(settings.max_connections_per_user, "this user")
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._open)

    def take_place(self, connection: Connection) -> None:
        """Take a place for a WebSocket, at its upgrade request. Raises `LimitExceeded` when there is none left, or none for its address."""
        if self._places >= self._limit:
            raise LimitExceeded(f"the server has {self._limit} connections and takes no more; try again later")
        address = counted_as(connection.client_host)
        if address is not None:
            self._of_addresses.take(address)
            connection.address_counted = address
        self._places += 1

    def count_for_user(self, connection: Connection, user_id: str) -> None:
        """Count a WebSocket for a user who is let in on it, unless it is counted for somebody already; guests have no id, and do not count.

        Raises `LimitExceeded` when the user has as many as may be.
        """
        if user_id and connection.user_counted is None:
            self._of_users.take(user_id)
            connection.user_counted = user_id

    def leave_place(self, connection: Connection) -> None:
        """Leave a place that was taken, when the connection has ended."""
        self._places -= 1
        if connection.address_counted is not None:
            self._of_addresses.give_back(connection.address_counted)
        if connection.user_counted is not None:
            self._of_users.give_back(connection.user_counted)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done beside a connection, which sees to its end; with the server it ends in any case."""
        self._tasks.start(work)

    async def run(self, connection: Connection, talk: Talk) -> None:
        """Accept a WebSocket, and watch over it while it lasts, as `Connection.run` does."""
        self._open.add(connection)
        try:
            await connection.run(talk, self._inflow, max_message_bytes=self._max_message_bytes)
        finally:
            self._open.discard(connection)

    def end_all(self, error: CollabError) -> None:
        """End every connection, also those that are in no document."""
        for connection in tuple(self._open):
            connection.end(error)

    async def watch(self) -> None:
        """Ask silent peers for a sign of life, and drop those that give none, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._timeout / 6)
            self._look(loop.time())

    def _look(self, now: float) -> None:
        """Look once; in the loop above, the last one that was looked at would be kept until the next look."""
        for connection in tuple(self._open):
            silence = now - connection.wire.heard_at()
            if silence >= self._timeout:
                connection.end(PeerTimeout(f"nothing came from the client for {silence:.0f} s"))
            elif silence >= self._timeout / 3:
                connection.wire.ask_for_life()
