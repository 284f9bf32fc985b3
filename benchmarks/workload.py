"""What the writers will write, prepared before the clock runs."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from pycrdt import Doc, Text

ROOT: Final = "text"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz "
_POOL: Final = 100_000
SEED: Final = 20260101
_CLIENT_IDS: Final = (2**31, 2**32)
"""Five bytes each on the wire, as most of the random 32-bit ids of real clients."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Writers that type into rooms before readers. Rates are per second and writer, times in seconds."""

    writers: int = 20
    """In each room."""

    readers: int = 100
    """In each room; where there are none, each writer reads what the others write."""

    rooms: int = 1
    rate: float = 10.0
    seconds: float = 10.0
    """The measured window."""

    warm_up: float = 3.0
    """Typing before the window, in which the servers' compilers and caches get warm."""

    begun: bool = False
    """Whether each writer makes an edit of their own before that, so that all documents exist, and the typing begins when all is quiet."""

    probes: int = 20
    """Readers whose arrivals are decoded, spread evenly over the order in which they came."""

    letters: int = 1
    """What one edit inserts; one letter is a keystroke, thousands are a paste."""

    turn: float = 0.0
    """What one writer has due within so many seconds it sends together, and the writers take their turns evenly one after the other; 0
    gives every keystroke a turn of its own."""

    @property
    def listeners(self) -> int:
        """How many clients are there to read, in all rooms."""
        return self.rooms * (self.readers or self.writers)

    @property
    def keystrokes(self) -> int:
        """How many edits each writer makes in that time."""
        return round(self.rate * (self.warm_up + self.seconds))


@dataclass(frozen=True, slots=True)
class Script:
    """All edits of one writer. One letter is one clock: of keystrokes, the update at index `n` has the clock `n`."""

    client_id: int
    updates: tuple[bytes, ...]


class Turn(NamedTuple):
    """When, in seconds from the start, which writer sends its next updates, and how many."""

    due: float
    writer: int
    updates: int


def write_scripts(workload: Workload, seed: int = SEED) -> list[Script]:
    """Prepare each writer's edits, room by room: letters typed one after the other. Another seed gives other writers."""
    source = random.Random(seed)
    client_ids = source.sample(range(*_CLIENT_IDS), workload.rooms * workload.writers)
    pool = "".join(source.choices(_LETTERS, k=_POOL))
    return [_type(client_id, workload, source, pool) for client_id in client_ids]


def _type(client_id: int, workload: Workload, source: random.Random, pool: str) -> Script:
    document: Doc[Text] = Doc(client_id=client_id)
    text = document.get(ROOT, type=Text)
    updates: list[bytes] = []
    subscription = document.observe(lambda event: updates.append(event.update))
    for _ in range(workload.begun + workload.keystrokes):
        start = source.randrange(len(pool) - workload.letters)
        text += pool[start : start + workload.letters]
    document.unobserve(subscription)
    return Script(client_id, tuple(updates))


def schedule(workload: Workload) -> Iterator[Turn]:
    """Give every keystroke its time, in order. Each writer keeps its own beat, for people do not type in step."""
    if not workload.turn:
        yield from (Turn(due, writer, 1) for due, writer in _keystrokes(workload))
        return
    everybody = workload.rooms * workload.writers
    turns = Counter(
        (int(due / workload.turn - writer / everybody + 1), writer) for due, writer in _keystrokes(workload)
    )
    for (number, writer), updates in sorted(turns.items()):
        yield Turn((number + writer / everybody) * workload.turn, writer, updates)


def _keystrokes(workload: Workload) -> Iterator[tuple[float, int]]:
    source = random.Random(SEED)
    beats = sorted((source.random(), writer) for writer in range(workload.rooms * workload.writers))
    for number in range(workload.keystrokes):
        for phase, writer in beats:
            yield (number + phase) / workload.rate, writer


async def sleep_until(moment: float) -> None:
    """Return at this moment of `time.perf_counter`; when it is past, give the others their turn and return."""
    await asyncio.sleep(max(moment - time.perf_counter(), 0.0))
