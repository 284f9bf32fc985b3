"""A real server in a process of its own, that a test may kill and start again."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

STARTED = re.compile(r"serves on (https?://\S+)")
START_SECONDS = 60
STOP_SECONDS = 30


class RunningServer:
    """`collab serve` on loopback, with its database in a directory that outlives it."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str], bind: str, python: Path) -> None:
        self._python = python
        self.data_dir = data_dir
        self._environment = environment
        self._bind = bind
        self._process: subprocess.Popen[str]
        self.url = ""
        self.output: list[str] = []

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        environment: Mapping[str, str] | None = None,
        bind: str = "127.0.0.1:0",
        python: Path | None = None,
    ) -> Self:
        """Start a server and return when it serves; on a free port and with this Python, unless told otherwise."""
        server = cls(data_dir, environment or {}, bind, python or Path(sys.executable))
        server.restart()
        return server

    @property
    def websocket_url(self) -> str:
        """The address with the scheme of WebSockets."""
        return self.url.replace("http", "ws", 1)

    @property
    def address(self) -> str:
        """The host and the port."""
        return self.url.partition("://")[2]

    @property
    def sync(self) -> str:
        """Where y-websocket clients connect to, without the document's name."""
        return f"{self.websocket_url}/sync/"

    @property
    def hocuspocus(self) -> str:
        """Where Hocuspocus clients connect to."""
        return f"{self.websocket_url}/hocuspocus"

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def restart(self) -> None:
        """Start the server (again), on the port it had."""
        command = [str(self._python), "-m", "collab", "serve", "--bind", self._bind, "--data-dir", str(self.data_dir)]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("COLLAB_")}
        self._process = subprocess.Popen(
            command,
            env={**inherited, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.data_dir,
        )
        serving = threading.Event()
        threading.Thread(target=self._read_output, args=(self._process, serving), daemon=True).start()
        if not serving.wait(START_SECONDS) or not self.is_running:
            self.kill()
            raise RuntimeError("the server did not start:\n" + "".join(self.output))

    def _read_output(self, process: "subprocess.Popen[str]", serving: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            started = STARTED.search(line)
            if started:
                self.url = started[1]
                self._bind = self.address
                serving.set()
        process.stdout.close()
        serving.set()

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        if self.is_running:
            self._process.kill()
        self._process.wait(STOP_SECONDS)

    def terminate(self) -> int:
        """End it with SIGTERM and return its exit code."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS)
