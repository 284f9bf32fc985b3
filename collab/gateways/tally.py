"""How many connections each of many has, and that none has more than it may."""

from collab.errors import LimitExceeded


class Tally:
    """Counts by name; whoever has no connection takes up no memory."""

    __slots__ = ("_counts", "_limit", "_what")

    def __init__(self, limit: int, what: str) -> None:
        """Make it; `what` says whose they are, for the sentence of a refusal."""
        self._counts: dict[str, int] = {}
        self._limit = limit
        self._what = what

    def __len__(self) -> int:
        """Return how many have any."""
        return len(self._counts)

    def take(self, name: str) -> None:
        """Count one more. Raises `LimitExceeded` where that would be too many, and counts none then."""
        count = self._counts.get(name, 0)
        if count >= self._limit:
            raise LimitExceeded(f"{self._what} has {count} connections and may have no more; try again later")
        self._counts[name] = count + 1

    def give_back(self, name: str) -> None:
        """Count one less."""
        count = self._counts[name] - 1
        if count:
            self._counts[name] = count
        else:
            del self._counts[name]
