"""Which versions without a name are kept: all of a day, one an hour for a week, one a day after that.

Those from before a restore, which undo it, are all kept for a week, and count among the others only then.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeVar

ALL_FOR: Final = timedelta(days=1)
HOURLY_FOR: Final = timedelta(days=7)

Key = TypeVar("Key")


def superfluous(versions: Iterable[tuple[Key, datetime]], now: datetime) -> dict[Key, Key]:
    """Return the versions to delete, of those of one hour, or day, of UTC all but the last, and for each the one that stays.

    Harmless to repeat at any time.
    """
    spans: dict[tuple[str, datetime], list[tuple[datetime, int, Key]]] = {}
    for number, (key, created_at) in enumerate(versions):
        age = now - created_at
        if age < ALL_FOR:
            continue
        hour = created_at.replace(minute=0, second=0, microsecond=0)
        span = ("hour", hour) if age < HOURLY_FOR else ("day", hour.replace(hour=0))
        spans.setdefault(span, []).append((created_at, number, key))
    kept_for: dict[Key, Key] = {}
    for span_versions in spans.values():
        *others, (_, _, last) = sorted(span_versions, key=lambda version: version[:2])
        kept_for |= {key: last for _, _, key in others}
    return kept_for
