"""Which PostgreSQL server the suites run on: the one they are told, else the one of this machine, else a private one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contracts import postgres

ROOT = Path(__file__).parents[2]


def test_the_server_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLAB_TEST_POSTGRES_URL", "postgresql://somebody@db.example/test")

    assert postgres.server_url.__wrapped__() == "postgresql://somebody@db.example/test"


def test_without_a_server_on_this_machine_a_private_one_is_started_and_ends_with_the_run() -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        nobody = f"postgresql://postgres@127.0.0.1:{taken.getsockname()[1]}/test"
        environment = {key: value for key, value in os.environ.items() if key != "COLLAB_TEST_POSTGRES_URL"}

        run = subprocess.run(
            [sys.executable, "-m", "tests.contracts.private_run", nobody],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert (run.returncode, run.stderr) == (0, "")
    said = json.loads(run.stdout)
    (directory,) = parse_qs(urlsplit(said["server"]).query)["host"]
    assert said["text"] == "kept"
    assert not Path(directory, ".s.PGSQL.5432").exists()
