"""Calls of the CRDT, which may panic: its panics (pyo3's `PanicException`) are no `Exception`s, and leave it in a state nobody knows."""

from collections.abc import Callable
from typing import TypeVar

from collab.errors import CollabError

Returned = TypeVar("Returned")


class PoisonedReplica(CollabError):
    """The CRDT failed half-way; this replica must not be used again, only be built anew from what is stored."""


def guarded(what: str, call: Callable[[], Returned]) -> Returned:
    """Return what a call of the CRDT returns. Raises `PoisonedReplica` when it panics, and `ValueError` as the call does."""
    try:
        return call()
    except (KeyboardInterrupt, SystemExit, ValueError):
        raise
    except BaseException as error:
        raise PoisonedReplica(f"the CRDT failed to {what}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """Return what an error says, without the trace that a panic adds."""
    return str(error).partition("\n")[0]
