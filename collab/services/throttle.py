"""How long whoever fails to sign in must wait before they may try again: longer with each failure, and never for good."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from collab.access.client_address import counted_as
from collab.errors import SignInDelayed

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 900.0
"""Seconds: a hundred guesses a day, of a password that must be guessed among millions."""

MAX_ACCOUNT_LENGTH: Final = 254
FORGOTTEN_AFTER: Final = 86_400.0
MOST_REMEMBERED: Final = 20_000
"""Of accounts and addresses together; past it those that failed longest ago are forgotten."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose failures are counted: an account's, an address's, or an account's from an address; whether there is such an account or not."""

    key: str
    free: int
    """How many failures cost nothing."""


def subjects_of(account: str, address: str | None) -> tuple[Subject, ...]:
    """Return whose failures an attempt counts as.

    Everybody mistypes; more so all who share an address. Whoever guesses at one account from many addresses is slowed down as well, and
    with them its owner: late enough that a few strangers cannot keep anybody out.
    """
    folded = account.casefold()[:MAX_ACCOUNT_LENGTH]
    address = counted_as(address) or address
    return (
        Subject(f"{folded} at {address}", 5),
        Subject(f"at {address}", 50),
        Subject(f"{folded} anywhere", 100),
    )


class Throttle:
    """Counts failures, and says how long each makes whoever failed wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}
        """How often each failed, and when last; the latest at the end."""

    def delay(self, subjects: Iterable[Subject]) -> float:
        """Return how many seconds these must wait still; 0 where they need not."""
        return max(map(self._delay, subjects), default=0.0)

    def begin(self, subjects: Iterable[Subject], refusal: str) -> None:
        """Count an attempt as failed until it has succeeded: others may try beside it. Raises `SignInDelayed` where these must wait."""
        if (delay := self.delay(subjects)) > 0:
            raise SignInDelayed(f"{refusal}; try again later", wait=delay)
        self.failed(subjects)

    def failed(self, subjects: Iterable[Subject]) -> None:
        """Count a failure."""
        now = self._clock()
        for subject in subjects:
            count, last = self._failures.pop(subject.key, (0, now))
            self._failures[subject.key] = (1 if now - last > FORGOTTEN_AFTER else count + 1, now)
        while len(self._failures) > MOST_REMEMBERED:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, subjects: Iterable[Subject]) -> None:
        """Take the failure back that was counted before it could be told, and forget those of the first subject.

        At this address they know the password. What others fail at goes on counting.
        """
        first, *others = subjects
        self._failures.pop(first.key, None)
        for subject in others:
            count, last = self._failures.get(subject.key, (0, 0.0))
            if count > 1:
                self._failures[subject.key] = (count - 1, last)
            else:
                self._failures.pop(subject.key, None)

    def _delay(self, subject: Subject) -> float:
        count, last = self._failures.get(subject.key, (0, 0.0))
        if count < subject.free:
            return 0.0
        wait = min(FIRST_DELAY * 2.0 ** min(count - subject.free, 20), LONGEST_DELAY)
        return max(last + wait - self._clock(), 0.0)
