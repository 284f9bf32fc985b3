"""How fast one client may send: as fast as it likes for a while, and then no faster than the settings say.

A client that is faster is not closed, and nothing that it sent is lost: it is not read for a moment, until TCP has it wait. Those who type,
move cursors, paste pictures or come back from a day offline never get there.
"""

from dataclasses import dataclass

from collab.protocol.rate import Rate
from collab.settings import Settings


@dataclass(frozen=True, slots=True)
class FlowRates:
    """What one connection may send."""

    messages: Rate
    """Frames with pings and pongs, which are work as well."""

    size: Rate
    """Bytes, as they come from the socket; without their frames' headers where the server keeps those to itself."""

    @classmethod
    def of(cls, settings: Settings) -> "FlowRates":
        """Take them from the settings."""
        return cls(
            Rate(settings.messages_per_second, settings.message_burst),
            Rate(settings.bytes_per_second, settings.byte_burst),
        )


class Flow:
    """What one connection has sent."""

    __slots__ = ("_messages_full_at", "_rates", "_size_full_at")

    def __init__(self, rates: FlowRates) -> None:
        self._rates = rates
        self._messages_full_at = self._size_full_at = 0.0

    def take(self, messages: int, size: int, now: float) -> float:
        """Count what has come; return for how many seconds nothing more should be read, 0 or less for none."""
        # what `Rate.spend` and `Rate.debt` do, without four calls: every frame comes by here
        of_messages, of_size = self._rates.messages, self._rates.size
        messages_at, size_at = self._messages_full_at, self._size_full_at
        messages_at = (messages_at if messages_at > now else now) + messages * of_messages.unit
        size_at = (size_at if size_at > now else now) + size * of_size.unit
        self._messages_full_at, self._size_full_at = messages_at, size_at
        by_messages, by_size = messages_at - of_messages.depth, size_at - of_size.depth
        return (by_messages if by_messages > by_size else by_size) - now

    def debt(self, now: float) -> float:
        """Return for how many seconds nothing should be read, 0 or less for none."""
        rates = self._rates
        return max(rates.messages.debt(self._messages_full_at, now), rates.size.debt(self._size_full_at, now))
