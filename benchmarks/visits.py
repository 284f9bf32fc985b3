"""What people do with heavy documents while somebody else types, in a process of their own."""

import asyncio
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pycrdt import Doc, Text

from benchmarks.clients import Client, joined
from benchmarks.dialects import HocuspocusClient
from benchmarks.processes import HOST

DOOR: Final = "/hocuspocus"
PATIENCE: Final = 120.0
QUIET_SECONDS: Final = 1.0
"""Of nothing, with which the visits are compared."""

VISITORS: Final = 20
WITHIN: Final = 0.2
"""Seconds in which so many come to one document."""

_LINES: Final = 4_500


@dataclass(frozen=True, slots=True)
class Visit:
    """Something that somebody does with a document, in a process of their own."""

    title: str
    make: Callable[[int, int], None]
    """Takes the server's port and the document's pages, and returns when it is done."""

    most_pages: int | None = None
    """Of the documents with which it is done, where not with all."""


def manuscript_name(pages: int) -> str:
    return f"manuscript-{pages}"


def _content(port: int, pages: int) -> str:
    return f"http://{HOST}:{port}/api/v1/documents/{manuscript_name(pages)}/content"


def _open(port: int, pages: int) -> None:
    asyncio.run(_joined_once(port, pages))


async def _joined_once(port: int, pages: int) -> None:
    async with asyncio.timeout(PATIENCE), joined([Client(HocuspocusClient(manuscript_name(pages)))], port, DOOR):
        pass


def _open_together(port: int, pages: int) -> None:
    asyncio.run(_joined_together(port, pages))


async def _joined_together(port: int, pages: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(VISITORS):
            tasks.create_task(_joined_once(port, pages))
            await asyncio.sleep(WITHIN / VISITORS)


def _read(form: str, port: int, pages: int) -> None:
    with urllib.request.urlopen(f"{_content(port, pages)}?format={form}", timeout=PATIENCE) as answer:
        answer.read()


def _read_json(port: int, pages: int) -> None:
    _read("json", port, pages)


def _read_text(port: int, pages: int) -> None:
    _read("text", port, pages)


def _write(update: bytes, port: int, pages: int) -> None:
    request = urllib.request.Request(
        _content(port, pages), update, {"Content-Type": "application/vnd.yjs.update"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=PATIENCE):
        pass


def _write_letter(port: int, pages: int) -> None:
    document: Doc[Text] = Doc()
    document.get("margin", type=Text).insert(0, "a")
    _write(document.get_update(), port, pages)


def _write_page(port: int, pages: int) -> None:
    """Write it in a place of its own: what two put in one place without knowing of each other costs any CRDT the product of both."""
    document: Doc[Text] = Doc()
    text = document.get(f"page-{document.client_id}", type=Text)
    with document.transaction():
        for _ in range(_LINES):
            text.insert(0, "a line of some sixty letters, as a text may have them again.\n")
    _write(document.get_update(), port, pages)


def _open_edited(port: int, pages: int) -> None:
    _write_letter(port, pages)
    _open(port, pages)


def _nothing(port: int, pages: int) -> None:  # noqa: ARG001 - what the others are compared with
    time.sleep(QUIET_SECONDS)


NOTHING: Final = Visit("nothing", _nothing)

VISITS: Final = (
    Visit("read as JSON, closed", _read_json),
    Visit("open", _open),
    Visit(f"open, {VISITORS} within {WITHIN:g} s", _open_together, most_pages=16),
    Visit("write a letter", _write_letter),
    Visit("write a letter, and open", _open_edited),
    Visit("read as text", _read_text),
    Visit("write 330 kB", _write_page),
)
"""In this order: the first finds the document closed, the others open."""
