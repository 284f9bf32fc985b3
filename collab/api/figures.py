"""What `/metrics` shows: the lag of the event loop, what is open, what waits for the database, and what the process takes up."""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from collab.hub.loop_lag import BEAT, BEAT_AT_REST, BOUNDS

_BOUNDS: Final = (*map(str, BOUNDS), "+Inf")


class Lag(Protocol):
    """How late the event loop was."""

    counts: list[int]
    """How many looks found a lag of each class of `BOUNDS`."""
    total: float

    def largest(self) -> float:
        """Return the largest of the last minute."""
        ...


class OpenRooms(Protocol):
    """The rooms of this process."""

    @property
    def open_rooms(self) -> int:
        """How many are open."""
        ...


class Waiting(Protocol):
    """What waits for the database."""

    @property
    def unsaved_bytes(self) -> int:
        """How many bytes."""
        ...


class Figures(Collector):
    """The figures of one application, in a registry of its own. They are read where they are kept, whenever somebody asks."""

    def __init__(self, lag: Lag, connections: Callable[[], int], rooms: OpenRooms, waiting: Waiting) -> None:
        """Take where the figures are kept; `connections` tells how many WebSockets are open."""
        self.registry = CollectorRegistry()
        self._lag = lag
        self._gauges: Sequence[tuple[str, str, Callable[[], float]]] = (
            (
                "collab_event_loop_lag_max_seconds",
                "The largest lag of the event loop within the last minute.",
                lag.largest,
            ),
            ("collab_connections", "WebSockets that are open.", connections),
            ("collab_rooms", "Documents that are open.", lambda: rooms.open_rooms),
            ("collab_unsaved_bytes", "Bytes that wait for the database.", lambda: waiting.unsaved_bytes),
        )
        self.registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def collect(self) -> Iterable[Metric]:
        """Give what is so now."""
        buckets = list(zip(_BOUNDS, map(float, accumulate(self._lag.counts)), strict=True))
        yield HistogramMetricFamily(
            "collab_event_loop_lag_seconds",
            "By how much the event loop came late to a timer, "
            f"{1 / BEAT_AT_REST:g} times a second, and {1 / BEAT:g} times while a room is open.",
            buckets=buckets,
            sum_value=self._lag.total,
        )
        for name, explanation, read in self._gauges:
            yield GaugeMetricFamily(name, explanation, value=read())
