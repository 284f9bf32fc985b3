"""What is stored of a heavy document, made ready elsewhere so that its replica is built in short steps.

The CRDT keeps the interpreter's lock while it takes in an update, and a heavy document takes it hundreds of milliseconds: nobody in the
process could do anything meanwhile, and a thread would not help.
"""

from array import array
from dataclasses import dataclass

from collab.protocol.updates import StateVector


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document, ready to be built."""

    state: bytes | None
    """What it is as one update; `None` where that is the snapshot it was prepared from."""

    pieces: tuple[bytes, ...]
    """The same, in pieces."""

    reached: StateVector
    types: int
    """How many there are, those deleted among them as far as they are in the state."""

    pairs: "dict[int, array[int]]"
    """Of each client the clocks of second halves of surrogate pairs."""

    waiting: tuple[bytes, ...]
    """Updates that wait for one still missing, which the state lacks."""
