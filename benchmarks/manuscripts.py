"""Documents of a given size, as typing leaves them: runs of letters at many places, some of them deleted again."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from pycrdt import Doc, Text

from benchmarks.workload import SEED
from collab.protocol.updates import StateVector, decode_state_vector

PAGE_BYTES: Final = 311_000
_RUNS: Final = 5_880
"""Of a page, which give it its size to a percent."""

_LONGEST_RUN: Final = 29
_DELETED: Final = 0.3
_LONGEST_DELETION: Final = 15
_LETTERS: Final = "etaoinshrdlu etaoin cmfwypvbgk \n"
_FIRST_AUTHOR: Final = 2**31 + 1


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A document in updates, one for each page. Each page is a text of its own, by an author of its own."""

    updates: tuple[bytes, ...]

    def holds(self, state: bytes) -> bool:
        """Tell whether an encoded state has every edit, and spells the same."""
        return _read((state,), len(self.updates)) == _read(self.updates, len(self.updates))

    @property
    def state_vector(self) -> StateVector:
        """The clock that each of its authors has reached."""
        return _read(self.updates, len(self.updates))[0]

    @property
    def size(self) -> int:
        """In bytes, as a server holds it for whoever asks."""
        return sum(map(len, self.updates))


@cache
def _read(updates: tuple[bytes, ...], pages: int) -> tuple[StateVector, tuple[str, ...]]:
    document: Doc[Text] = Doc()
    for update in updates:
        document.apply_update(update)
    texts = tuple(str(document.get(_name(page), type=Text)) for page in range(pages))
    return decode_state_vector(document.get_state()), texts


def manuscript(pages: int = 1) -> Manuscript:
    """Write a document of so many pages."""
    return Manuscript(tuple(map(written_page, range(pages))))


def written_page(number: int) -> bytes:
    """Write one page; it takes half a second, so that many are better written in processes."""
    return _page(number, _RUNS)


def manuscript_of(size: int) -> Manuscript:
    """Write a document of about so many bytes, in as few pages as hold it, all of one length."""
    pages = math.ceil(size / PAGE_BYTES)
    runs = round(_RUNS * size / (pages * PAGE_BYTES))
    if pages == 1:  # in short texts positions take fewer bytes
        runs = round(runs * size / len(_page(0, runs)))
    return Manuscript(tuple(_page(page, runs) for page in range(pages)))


def _page(page: int, runs: int) -> bytes:
    source = random.Random(SEED + page)
    document: Doc[Text] = Doc(client_id=_FIRST_AUTHOR + page)
    text = document.get(_name(page), type=Text)
    with document.transaction():
        for at, run in _places(source, runs):
            if isinstance(run, str):
                text.insert(at, run)
            else:
                del text[at : at + run]
    return document.get_update()


def _places(source: random.Random, runs: int) -> Iterator[tuple[int, str | int]]:
    """Give what is typed, or how many letters are deleted, and where."""
    length = 0
    for _ in range(runs):
        run = "".join(source.choices(_LETTERS, k=source.randint(1, _LONGEST_RUN)))
        yield source.randrange(length + 1), run
        length += len(run)
        if source.random() < _DELETED and length > _LONGEST_DELETION:
            deleted = source.randint(1, _LONGEST_DELETION)
            yield source.randrange(length - deleted), deleted
            length -= deleted


def _name(page: int) -> str:
    return f"page-{page}"
