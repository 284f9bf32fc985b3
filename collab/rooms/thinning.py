"""Which automatic versions are kept: all of a day, one an hour for a week, one a day after that."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

ALL_FOR: Final = timedelta(days=1)
HOURLY_FOR: Final = timedelta(days=7)

Key = TypeVar("Key")


def superfluous(versions: Iterable[tuple[Key, datetime]], now: datetime) -> list[Key]:
    """Return the versions to delete: of those of one hour, or day, of UTC all but the last. Harmless to repeat at any time."""
    last: dict[tuple[str, datetime], tuple[datetime, Key]] = {}
    deleted: list[Key] = []
    for key, created_at in versions:
        age = now - created_at
        if age < ALL_FOR:
            continue
        hour = created_at.replace(minute=0, second=0, microsecond=0)
        span = ("hour", hour) if age < HOURLY_FOR else ("day", hour.replace(hour=0))
        rival = last.get(span)
        if rival is None:
            last[span] = created_at, key
        elif rival[0] <= created_at:
            deleted.append(rival[1])
            last[span] = created_at, key
        else:
            deleted.append(key)
    return deleted
