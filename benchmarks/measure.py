"""From arrivals to figures."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from benchmarks.clients import Arrival
from benchmarks.clocks import Coverage
from benchmarks.dialects import ClientDialect
from benchmarks.failures import GeneratorBusy, RunFailed
from collab.protocol.messages import SyncStep2, SyncUpdate

Probe = TypeVar("Probe")

MOST_OF_A_CORE: Final = 0.8
"""A generator that takes more is no measure."""

QUARTER_OF_THE_MACHINE: Final = 0.25
"""Where other processes take more, they decide when the server runs; late writers and merged frames then look like thrift."""


@dataclass(frozen=True, slots=True)
class Window:
    """The measured time, in seconds of `time.perf_counter`: from `start` up to, not including, `end`."""

    start: float
    end: float

    def holds(self, moment: float) -> bool:
        """Tell whether the moment lies in the window."""
        return self.start <= moment < self.end

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Reading:
    """What reached one reader."""

    latencies: tuple[float, ...]
    """Seconds from send to arrival of each edit that was sent in the window."""

    deliveries: int
    """Edits that arrived in the window, however many a frame carried."""

    frames: int
    """Frames with edits that arrived in the window."""


SendTimes = Mapping[int, Sequence[float]]
"""For each client id, when each of its edits was sent."""


def read(
    arrivals: Iterable[Arrival],
    dialect: ClientDialect,
    sent: SendTimes,
    window: Window,
    *,
    letters: int = 1,
    own: int | None = None,
) -> Reading:
    """Decode a reader's arrivals; each edit inserts so many letters, and those of its own client id are no deliveries.

    Raises `RunFailed` where one came without the one before it.
    """
    coverage = Coverage()
    latencies: list[float] = []
    deliveries = frames = 0
    for at, message in arrivals:
        heard = dialect.hear(message)
        if not isinstance(heard, SyncStep2 | SyncUpdate):
            continue
        arrived = 0
        try:
            for client_id, start, end in coverage.take(heard.update):
                if client_id == own:
                    continue
                times = sent[client_id][start // letters : end // letters]
                arrived += len(times)
                latencies += [at - moment for moment in times if window.holds(moment)]
        except ValueError as error:
            raise RunFailed(f"a reader got an update it cannot use: {error}") from error
        if arrived and window.holds(at):
            deliveries += arrived
            frames += 1
    return Reading(tuple(latencies), deliveries, frames)


def probes(everybody: Sequence[Probe], count: int) -> list[Probe]:
    """Choose so many, or all where there are fewer, spread evenly."""
    count = min(count, len(everybody))
    return [everybody[number * len(everybody) // count] for number in range(count)]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not below this share of all values (the nearest rank); `share` lies in (0, 1]."""
    if not values:
        raise ValueError("no values came; expected one or more")
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def check_generator(share: float) -> None:
    """Raise `GeneratorBusy` when the generator took too much of a core."""
    if share > MOST_OF_A_CORE:
        raise GeneratorBusy(f"the generator took {share:.0%} of a core; expected {MOST_OF_A_CORE:.0%} or less")


def check_undisturbed(generator_share: float, others_share: float, cores: int) -> None:
    """Raise `RunFailed` when something else than the server was measured; shares are of one core."""
    check_generator(generator_share)
    allowed = QUARTER_OF_THE_MACHINE * cores
    if others_share > allowed:
        raise RunFailed(f"other processes took {others_share:.0%} of a core meanwhile; expected {allowed:.0%} or less")
