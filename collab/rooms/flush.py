"""What a flush of a room leaves to others: what to commit, whom to tell then, whom to part with."""

from dataclasses import dataclass
from typing import NamedTuple

from collab.errors import CollabError
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote
from collab.rooms.session import Writer


@dataclass(frozen=True, slots=True)
class Offence:
    """A writer whose message cannot be borne, and why; a session is to be ended."""

    writer: Writer
    error: CollabError


class Flush(NamedTuple):
    """What follows from one flush."""

    append: tuple[bytes, ...]
    """Updates for the log."""

    acknowledge: tuple[Writer, ...]
    """Who is to be told `saved`, once for each edit, when these updates and all before them are committed."""

    offences: tuple[Offence, ...]

    authors: tuple[Author | None, ...] = ()
    """Who delivered each of `append`."""

    claims: tuple[Claim, ...] = ()
    """Whose the client ids are that somebody wrote under for the first time since this room was opened."""

    credit_notes: tuple[CreditNote, ...] = ()
    """What became of units that somebody delivered under the id of another."""
