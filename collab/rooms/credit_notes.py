"""What a room tells the store about units that came under a client id from somebody else than its user."""

from enum import Enum, auto
from typing import NamedTuple

from collab.rooms.claims import Author


class Units(NamedTuple):
    """Content under a client id, by its clocks; the end is exclusive."""

    client: int
    start: int
    end: int


class Standing(Enum):
    """Whether somebody is credited with such units."""

    OPEN = auto()
    """Nobody is yet."""

    CREDITED = auto()

    CLOSED = auto()
    """Nobody ever will be."""


class CreditNote(NamedTuple):
    """That these units stand so from now on."""

    units: Units
    standing: Standing
    author: Author | None = None
    """Who is credited."""
