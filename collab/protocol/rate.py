"""How much may come in a second, and how much at once: a token bucket, kept as the time at which it will be full again.

That one number is the whole state, so that what was not heard of for long needs none: its bucket is full. More may be spent than there is:
what has come has come. The debt is then what to wait for.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size and how it fills."""

    per_second: float
    burst: float
    unit: float = field(init=False, repr=False)
    """Seconds in which one comes in."""
    depth: float = field(init=False, repr=False)
    """Seconds in which an empty bucket is full."""

    def __post_init__(self) -> None:
        """Divide once."""
        object.__setattr__(self, "unit", 1 / self.per_second)
        object.__setattr__(self, "depth", self.burst / self.per_second)

    def spend(self, full_at: float, amount: float, now: float) -> float:
        """Return when a bucket will be full that would have been at `full_at`, after this was taken from it."""
        return (full_at if full_at > now else now) + amount * self.unit

    def debt(self, full_at: float, now: float) -> float:
        """Return for how many seconds a bucket is overdrawn; 0 or less where it is not."""
        return full_at - now - self.depth
