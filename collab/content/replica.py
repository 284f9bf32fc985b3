"""A document's state, loaded to be read once.

The limits are on what is read, not on what may be stored: reading must end, whatever somebody put there.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pycrdt import Doc, XmlFragment

from collab.errors import ContentError, UpdateError

MAX_DEPTH: Final = 200
"""How deep content may be nested; people's documents stay under thirty, and what is far deeper ends in the CRDT's own stack."""

MAX_VALUES: Final = 1_000_000
"""How many values, elements and pieces of text are read of one document; a book of a thousand pages has some 50,000."""

ROOT: Final = "default"
"""The root that holds a rich-text document."""

Replica = Doc[Any]

T = TypeVar("T")


class Budget:
    """Counts what is read of one document, and ends it at the limits."""

    __slots__ = ("_left",)

    def __init__(self, values: int = MAX_VALUES) -> None:
        self._left = values

    def spend(self, depth: int, values: int = 1) -> None:
        """Account for values at this depth. Raises `ContentError` past either limit."""
        if depth > MAX_DEPTH:
            raise ContentError(f"the content is nested deeper than {MAX_DEPTH} levels, the most that is read")
        self._left -= values
        if self._left < 0:
            raise ContentError("the content has more values than are read of one document")


def read(state: bytes, reading: Callable[[Replica], T]) -> T:
    """Load a state into a replica of its own and read that, in one transaction.

    Raises `UpdateError` for bytes that are no Yjs update, and `ContentError` where the CRDT fails on what they hold.
    """
    replica: Replica = Doc()
    try:
        _load(replica, state)
        with replica.transaction():
            return reading(replica)
    except RuntimeError as error:  # what a replica answers once the CRDT has panicked on it; and too deep a recursion
        raise ContentError(f"the content cannot be read: {type(error).__name__} in the CRDT") from error
    except (Exception, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # a panic of the CRDT (pyo3's PanicException) is no Exception
        raise ContentError(f"the content cannot be read: {type(error).__name__} in the CRDT") from error


def _load(replica: Replica, state: bytes) -> None:
    try:
        replica.apply_update(state)
    except ValueError as error:
        raise UpdateError(f"{len(state)} bytes that are no Yjs update came") from error


def fragment(replica: Replica, root: str = ROOT) -> XmlFragment:
    """Return a root as XML; an empty one where there is none."""
    found: XmlFragment = replica.get(root, type=XmlFragment)
    return found
