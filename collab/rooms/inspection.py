"""Which of a document's stored updates keep it from loading."""

from collections.abc import Sequence
from dataclasses import dataclass

from collab.errors import UpdateError
from collab.rooms.document import Document
from collab.rooms.poison import PoisonedReplica


@dataclass(frozen=True, slots=True)
class Poison:
    """A stored update that the document does not load with, by its index; `None` for the snapshot."""

    index: int | None
    reason: str


def find_poison(snapshot: bytes | None, updates: Sequence[bytes]) -> list[Poison]:
    """Return what must be left out, so that all the rest loads.

    Each that is found costs about as many loads as the number of updates has binary digits.
    """
    if snapshot is not None and (reason := _failure(snapshot, ())) is not None:
        return [Poison(None, reason)]
    found: list[Poison] = []
    kept = list(range(len(updates)))
    while (reason := _failure(snapshot, [updates[index] for index in kept])) is not None:
        at = _first_failing(snapshot, [updates[index] for index in kept])
        found.append(Poison(kept.pop(at), reason))
    return found


def _first_failing(snapshot: bytes | None, updates: Sequence[bytes]) -> int:
    """Return the index of the first update up to which they do not load; all together do not."""
    loading, failing = 0, len(updates)
    while failing - loading > 1:
        middle = (loading + failing) // 2
        if _failure(snapshot, updates[:middle]) is None:
            loading = middle
        else:
            failing = middle
    return failing - 1


def _failure(snapshot: bytes | None, updates: Sequence[bytes]) -> str | None:
    try:
        Document(updates, snapshot=snapshot).state()
    except (UpdateError, PoisonedReplica) as error:
        return str(error)
    return None
