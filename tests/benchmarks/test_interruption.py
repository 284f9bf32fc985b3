"""Whatever a benchmark started ends with it when somebody interrupts it, and what it is told is checked before anything is measured."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.databases import check_postgres
from benchmarks.elsewhere import elsewhere
from benchmarks.failures import OptionUnusable
from tests.support.eventually import eventually

INTERRUPTED = 130
UNUSABLE = 2


def benchmark(*arguments: str, scratch: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *arguments, "--print-only"],
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def left_in(directory: Path) -> list[Path]:
    return list(directory.rglob("*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("name", "processes"), [("store", 0), ("signins", 1)])
async def test_interrupted_benchmark_ends_what_it_started_and_says_so(
    name: str, processes: int, number: signal.Signals, tmp_path: Path
) -> None:
    with benchmark(name, scratch=tmp_path) as process:
        await eventually(lambda: any(tmp_path.rglob("collab.db")) and len(descendants(process)) >= processes)
        started = descendants(process)
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=30)

    assert process.returncode == INTERRUPTED
    assert said.strip() == "interrupted; every server was stopped"
    assert not any(child.is_running() for child in started)
    assert not left_in(tmp_path)


def wait_long() -> None:
    time.sleep(300)


def be_interrupted() -> None:
    with elsewhere(2) as people:
        people.submit(int).result()
        people.submit(wait_long)
        raise KeyboardInterrupt


def test_people_elsewhere_are_ended_when_the_runner_is_interrupted() -> None:
    before = set(psutil.Process().children())
    with pytest.raises(KeyboardInterrupt):
        be_interrupted()
    new = set(psutil.Process().children()) - before
    assert not any("spawn_main" in " ".join(child.cmdline()) for child in new)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("nonsense", "'nonsense' came, which is no URL; expected postgresql://"),
        ("mysql://ada:secret@localhost/x", r"mysql://ada:\*\*\*@localhost/x came; expected postgresql://"),
        (
            "postgresql://ada:secret@127.0.0.1:1/x",
            r"postgresql://ada:\*\*\*@127.0.0.1:1/x came, which cannot be used: ",
        ),
    ],
)
async def test_address_of_no_database_server_is_refused_without_its_password(address: str, complaint: str) -> None:
    with pytest.raises(OptionUnusable, match=complaint):
        await check_postgres(address)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("durability", "--postgres", "nonsense"), "'nonsense' came, which is no URL"),
        (("store", "--traces", "/nowhere"), "'/nowhere' came, no directory; expected"),
        (("store", "--traces", "."), "'.' came, a directory without recorded histories; expected"),
    ],
)
def test_option_that_cannot_be_used_is_told_at_once(arguments: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    with benchmark(*arguments, scratch=tmp_path) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == UNUSABLE
    assert complaint in said
    assert "Traceback" not in said
