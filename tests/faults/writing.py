"""Two people in one document: one who writes, and one who watches, each with a real Hocuspocus client."""

import time
from collections.abc import Mapping
from itertools import cycle
from string import ascii_lowercase
from typing import Any, Final, Self

from tests.clients.process import Client, ClientProcess
from tests.support.server import RunningServer

VERSION: Final = "hocuspocus-v4"
DOCUMENT: Final = "written through a fault"

RETRY_SECONDS: Final = 40.0
"""How long the commit after an outage may be in coming: tries are up to five seconds apart, and a dead connection is found out first."""


class Writing:
    """What Ada writes, what Ben sees of it, and what the server has acknowledged."""

    def __init__(self, server: RunningServer, clients: ClientProcess, document: str = DOCUMENT) -> None:
        self.server = server
        self.document = document
        self._clients = clients
        self._letters = cycle(ascii_lowercase)
        self.text = ""
        self.ada = self._join("ada")
        self.ben = self._join("ben")

    @classmethod
    def begun(cls, server: RunningServer, clients: ClientProcess, document: str = DOCUMENT) -> Self:
        """Let both in, and have something saved."""
        writing = cls(server, clients, document)
        for client in (writing.ada, writing.ben):
            client.until(synced=True, unsynced=0)
        writing.write()
        writing.saved()
        return writing

    def _join(self, name: str) -> Client:
        return join(self._clients, name, self.server, self.document)

    def write(self) -> None:
        """Write one letter, and wait until the other has seen it."""
        self.ada.insert(len(self.text), letter := next(self._letters))
        self.text += letter
        self.ben.until(text=self.text)

    def write_on(self, seconds: float) -> None:
        """Go on writing for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.write()
            time.sleep(0.05)  # as somebody does who writes fast; nothing is waited for

    def write_unacknowledged(self, seconds: float) -> None:
        """Go on writing for so long; fail if any of it is acknowledged."""
        before = self.edits()
        self.write_on(seconds)
        after = self.edits()
        assert after["sent"] > before["sent"]
        assert after["saved"] == before["saved"], "something was acknowledged that cannot be in the database"
        assert self.ada.state()["unsynced"] > 0

    def edits(self) -> Mapping[str, int]:
        """Return how many edits Ada has sent, and how many were acknowledged."""
        edits: Mapping[str, int] = self.ada.state()["edits"]
        return edits

    def saved(self) -> None:
        """Wait until everything is acknowledged; fail if anything was refused, or any client was cut off."""
        state: Mapping[str, Any] = self.ada.until(unsynced=0, seconds=RETRY_SECONDS)
        edits = state["edits"]
        assert edits == {"sent": edits["sent"], "saved": edits["sent"], "refused": 0}
        assert state["sockets"] == self.ben.state()["sockets"] == 1, "a client had to connect anew"

    def survives_a_kill(self) -> None:
        """Kill the server; look, with a client that was never there before, whether the next one has everything."""
        self.server.kill()
        self.ada.leave()
        self.ben.leave()
        self.server.restart()
        self._join("reader").until(synced=True, text=self.text)


def join(clients: ClientProcess, name: str, server: RunningServer, document: str) -> Client:
    """Let a client join, without waiting for anything."""
    return clients.join(name, VERSION, f"{server.websocket_url}/hocuspocus", document)
