"""A right that is taken away while a thousand have the document open: how long until nobody hears of an edit any more."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import jwt

from benchmarks.clients import Client, joined
from benchmarks.contenders import collab_command
from benchmarks.dialects import YWebsocketClient
from benchmarks.failures import RunFailed
from benchmarks.processes import HOST, Command, free_port, running
from benchmarks.report import alone
from benchmarks.workload import Workload, sleep_until, write_scripts

SESSIONS: Final = 1_000
EDITS_A_SECOND: Final = 50
DOCUMENT: Final = "shared"
ROUNDS: Final = 5
_SECRET: Final = "a secret of the benchmark, which opens nothing"
_BEFORE_SECONDS: Final = 1.0
_AFTER_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Revoked:
    """One revocation. Times in seconds from the moment in which it was asked for."""

    answered: float
    last_update: float
    """When the last of all sessions received its last update."""

    last_closed: float


class _Owner:
    """Whoever shares the document."""

    def __init__(self, port: int) -> None:
        claims = {"sub": "owner", "name": "Owner", "exp": time.time() + 3600, "admin": True}
        self.token = jwt.encode(claims, _SECRET, algorithm="HS256")
        self._api = f"http://{HOST}:{port}/api/v1"

    def ask(self, method: str, path: str, body: object = None) -> dict[str, str]:
        """Call the REST API, and return the answer's JSON."""
        request = urllib.request.Request(
            self._api + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, str] = json.loads(answer.read() or b"{}")
            return found


async def revocations(say: Callable[[str], None]) -> list[Revoked]:
    """Have a thousand guests read what somebody types, and revoke the link by which they came; as often as there are rounds."""
    found: list[Revoked] = []
    with TemporaryDirectory(prefix="collab-benchmark-") as scratch:
        port = free_port()
        command = collab_command(port, Path(scratch))
        guarded = Command(command.arguments, {**command.environment, "COLLAB_SECRET": _SECRET})
        async with running("Collab", guarded, port, Path(scratch) / "output.log"):
            owner = _Owner(port)
            await asyncio.to_thread(owner.ask, "POST", "/documents", {"name": DOCUMENT, "kind": "yjs"})
            for number in range(ROUNDS):
                found.append(await _revoke(port, owner, number))
                say(
                    f"round {number + 1}  answered after {found[-1].answered * 1e3:.0f} ms, last update after "
                    f"{found[-1].last_update * 1e3:.0f} ms, last session closed after {found[-1].last_closed * 1e3:.0f} ms"
                )
    return found


async def _revoke(port: int, owner: _Owner, number: int) -> Revoked:
    link = await asyncio.to_thread(
        owner.ask, "POST", f"/documents/{DOCUMENT}/links", {"role": "reader", "guests": True}
    )
    (script,) = write_scripts(
        Workload(writers=1, rate=EDITS_A_SECOND, seconds=_BEFORE_SECONDS + _AFTER_SECONDS, warm_up=0), number
    )
    guests = [Client(YWebsocketClient(DOCUMENT, link["token"])) for _ in range(SESSIONS)]
    dialect = YWebsocketClient(DOCUMENT, owner.token)
    writer = Client(dialect)
    async with joined([writer, *guests], port, "/sync"):
        start = time.perf_counter()
        typing = asyncio.create_task(_type(writer, dialect, script.updates, start))
        await sleep_until(start + _BEFORE_SECONDS)
        asked = time.perf_counter()
        await asyncio.to_thread(owner.ask, "DELETE", f"/documents/{DOCUMENT}/links/{link['id']}")
        answered = time.perf_counter()
        closed = await asyncio.gather(*(_closed(guest) for guest in guests))
        await typing
    last = max(guest.arrivals[-1].at for guest in guests)
    if last < asked:
        raise RunFailed("nobody received an update after the revocation was asked for; nothing was typed")
    return Revoked(answered - asked, last - asked, max(closed) - asked)


async def _type(writer: Client, dialect: YWebsocketClient, updates: tuple[bytes, ...], start: float) -> None:
    for number, update in enumerate(updates):
        await sleep_until(start + number / EDITS_A_SECOND)
        writer.send(dialect.update(update))


async def _closed(guest: Client) -> float:
    async with asyncio.timeout(30):
        await guest.gone.wait()
    return time.perf_counter()


def revocation_table(found: list[Revoked]) -> str:
    """Return what was measured as a Markdown table."""
    worst = max(found, key=lambda each: each.last_update)
    return "\n".join(
        [
            (
                f"{SESSIONS:,} guests have a document open by one share link, in which somebody types {EDITS_A_SECOND} letters/s; the link "
                f"is revoked. The worst of {len(found)} rounds. {alone()}"
            ),
            "",
            "| answered after | last update to any of them after | last of them closed after |",
            "|---|---|---|",
            (
                f"| {worst.answered * 1e3:.0f} ms | {worst.last_update * 1e3:.0f} ms | "
                f"{max(each.last_closed for each in found) * 1e3:.0f} ms |"
            ),
        ]
    )
