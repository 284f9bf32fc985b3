"""A crowd that signs in while somebody types: how many come in each second, and what whoever reads notices of it."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import jwt

from benchmarks.clients import Client, joined
from benchmarks.contenders import collab_command
from benchmarks.dialects import YWebsocketClient
from benchmarks.elsewhere import elsewhere
from benchmarks.failures import RunFailed
from benchmarks.measure import Window, percentile, read
from benchmarks.processes import HOST, Command, free_port, running
from benchmarks.report import alone
from benchmarks.workload import Script, Workload, sleep_until, write_scripts
from collab.access.passwords import MEMORY_KIB, PASSES, Passwords
from collab.storage import migrate, open_storage

LETTERS_A_SECOND: Final = 50
SECONDS: Final = 10.0
AT_ONCE: Final = 8
"""People who sign in at the same time, again and again."""

_EMAIL: Final = "ada@example.org"
_PASSWORD: Final = "correct horse battery"
_SECRET: Final = "a secret of the benchmark, which opens nothing"


@dataclass(frozen=True, slots=True)
class SignIns:
    """What was measured. Times in seconds."""

    a_second: float
    p50: float
    """Of one sign-in, with those before it in the queue."""

    quiet_p99: float
    busy_p99: float
    """From writer to reader, while nobody signs in, and while the crowd does."""


async def sign_ins(say: Callable[[str], None]) -> SignIns:
    """Have somebody type, first alone, then while others sign in as often as they can. Raises `RunFailed`."""
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        database, port = f"sqlite:///{scratch}/collab.db", free_port()
        await migrate(database)
        async with open_storage(database) as storage:
            kept = await Passwords().hash(_PASSWORD)
            await storage.accounts.create(email=_EMAIL, name="Ada", password_hash=kept, admin=False)
        command = collab_command(port, Path(scratch))
        settings = {**command.environment, "COLLAB_SECRET": _SECRET, "COLLAB_ACCOUNTS": "true"}
        guarded = Command(command.arguments, settings)
        async with running("Collab", guarded, port, Path(scratch) / "output.log"):
            quiet, _ = await _type(port, 0, crowd=False)
            say(f"nobody signs in  p99 {quiet * 1e3:.1f} ms")
            busy, took = await _type(port, 1, crowd=True)
            found = SignIns(len(took) / SECONDS, percentile(took, 0.5), quiet, busy)
            say(f"a crowd signs in  {found.a_second:.1f} sign-ins/s  p99 {busy * 1e3:.1f} ms")
    return found


async def _type(port: int, number: int, *, crowd: bool) -> tuple[float, Sequence[float]]:
    """Return the p99 of what somebody types, and how long each sign-in took meanwhile."""
    claims = {"sub": "bob", "name": "Bob", "exp": time.time() + 3600, "documents": {"typing-*": "editor"}}
    dialect = YWebsocketClient(f"typing-{number}", jwt.encode(claims, _SECRET, algorithm="HS256"))
    (script,) = write_scripts(Workload(writers=1, rate=LETTERS_A_SECOND, seconds=SECONDS, warm_up=0), number)
    writer, reader = Client(dialect), Client(dialect)
    with elsewhere(AT_ONCE) as people:
        loop = asyncio.get_running_loop()
        if crowd:
            await asyncio.gather(*(loop.run_in_executor(people, time.time) for _ in range(AT_ONCE)))
        async with joined([reader, writer], port, "/sync"):
            start = time.perf_counter()
            busy = [
                loop.run_in_executor(people, _sign_in_again_and_again, port) for _ in range(AT_ONCE if crowd else 0)
            ]
            sent = await _send(writer, dialect, script, start)
            took = [each for person in await asyncio.gather(*busy) for each in person]
            await asyncio.sleep(1.0)
            window = Window(start, start + SECONDS)
            reading = read(reader.arrivals, dialect, {script.client_id: sent}, window)
    if len(reading.latencies) != len(sent):
        raise RunFailed(f"{len(reading.latencies)} of {len(sent)} letters came to the reader")
    return percentile(reading.latencies, 0.99), took


async def _send(writer: Client, dialect: YWebsocketClient, script: Script, start: float) -> list[float]:
    sent: list[float] = []
    for number, update in enumerate(script.updates):
        await sleep_until(start + number / LETTERS_A_SECOND)
        sent.append(time.perf_counter())
        writer.send(dialect.update(update))
    return sent


def _sign_in_again_and_again(port: int) -> list[float]:
    """Sign in until the time is up; return how long each took."""
    body = json.dumps({"email": _EMAIL, "password": _PASSWORD}).encode()
    address = f"http://{HOST}:{port}/api/v1/session"
    took: list[float] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        start = time.perf_counter()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        took.append(time.perf_counter() - start)
    return took


def sign_ins_table(found: SignIns) -> str:
    """Return what was measured as a Markdown table."""
    return "\n".join(
        [
            (
                f"{AT_ONCE} sign in at once, again and again for {SECONDS:g} s (argon2id: {MEMORY_KIB // 1024} MiB, {PASSES} passes, "
                f"one lane), while somebody types {LETTERS_A_SECOND} letters/s before a reader. {alone()}"
            ),
            "",
            "| sign-ins/s | each takes, with those before it | p99 of typing, nobody signs in | the crowd signs in |",
            "|---|---|---|---|",
            (
                f"| {found.a_second:.1f} | {found.p50:.2f} s | {found.quiet_p99 * 1e3:.1f} ms | "
                f"{found.busy_p99 * 1e3:.1f} ms |"
            ),
        ]
    )
