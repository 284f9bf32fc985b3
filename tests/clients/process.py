"""A Node process in which real clients live, and one of those clients, as a test sees them."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from tests.clients.packages import FOLDER, install_packages, program

VERSIONS: Final = ("hocuspocus-v2", "hocuspocus-v3", "hocuspocus-v4", "y-websocket-v2", "y-websocket-v3")
HOCUSPOCUS_VERSIONS: Final = VERSIONS[:3]
Y_WEBSOCKET_VERSIONS: Final = VERSIONS[3:]

ANSWER_TIMEOUT: Final = 90.0
"""Seconds; well above what any single request waits for by itself, so that a hung process fails one test instead of stopping all."""


class ClientProcess:
    """Runs `driver.mjs`, which holds any number of real clients."""

    def __init__(self) -> None:
        install_packages()
        self._process = subprocess.Popen(
            [program("node"), str(FOLDER / "driver.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._received = b""
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    def request(self, action: str, **options: object) -> Any:
        """Have the driver do one thing; raises `AssertionError` with what it says went wrong."""
        assert self._process.stdin is not None
        self._requests += 1
        request = {"id": self._requests, "action": action, **options}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise AssertionError(f"the client process had ended before {action}") from None
        answer = json.loads(self._read_line(action))
        assert answer["id"] == self._requests
        if "error" in answer:
            raise AssertionError(f"{action}: {answer['error']}")
        return answer["result"]

    def _read_line(self, action: str) -> bytes:
        assert self._process.stdout is not None
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while b"\n" not in self._received:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise AssertionError(f"the client process did not answer {action} within {ANSWER_TIMEOUT} s")
            received = os.read(self._process.stdout.fileno(), 1 << 20)
            if not received:
                raise AssertionError(f"the client process ended during {action}, with status {self._process.wait()}")
            self._received += received
        line, self._received = self._received.split(b"\n", 1)
        return line

    def join(self, name: str, version: str, url: str, document: str, **options: object) -> "Client":
        """Let a client of this version join a document, without waiting for anything."""
        self.request("join", client=name, version=version, url=url, document=document, **options)
        return Client(self, name, version)

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class Client:
    """One real client in such a process."""

    def __init__(self, process: ClientProcess, name: str, version: str) -> None:
        self._process = process
        self.name = name
        self.version = version

    def request(self, action: str, **options: object) -> Any:
        return self._process.request(action, client=self.name, **options)

    def insert(self, at: int, text: str) -> None:
        self.request("insert", at=at, text=text)

    def erase(self, at: int, length: int) -> None:
        self.request("erase", at=at, length=length)

    def announce(self, name: str) -> None:
        """Set the client's presence."""
        self.request("present", name=name)

    def state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self.request("state")
        return state

    def until(self, *, seconds: float = 20.0, **wanted: object) -> Mapping[str, Any]:
        """Wait until the client's state has all these values, and return it; the failure tells what it was instead."""
        state: Mapping[str, Any] = self.request("until", wanted=wanted, milliseconds=round(seconds * 1000))
        return state

    def leave(self) -> None:
        """Close the client as an application does that unmounts its editor."""
        self.request("leave")
