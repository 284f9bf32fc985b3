"""How much of what one client may say, so that no message of it harms others. The settings name these; their reasons stand there."""

from dataclasses import dataclass
from typing import Final

MAX_NESTING: Final = 400
"""Values in a value that may ever be, also in what is stored: as many as Python's stack bears."""

MAX_DOCUMENT_TYPES: Final = 250_000
"""Types in a document, each of which may be within another: half of what the stacks bear (`collab/stacks.py`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused when a client sends more of it. What is stored is loaded whatever these are, for it was taken in once."""

    update_entries: int = 200_000
    """Clients and structs in one update, and as many deleting clients and deleted ranges."""

    update_clients: int = 10_000
    """Clients that one update brings something new of."""

    update_values: int = 1_000_000
    """Values in one update, with those in others."""

    update_nesting: int = MAX_NESTING
    """Values in a value; no more than `MAX_NESTING`."""

    document_types: int = MAX_DOCUMENT_TYPES
    """Types in one document; no more than `MAX_DOCUMENT_TYPES`."""

    held_bytes: int = 4 * 1024 * 1024
    """Edits of one document that build upon edits still missing."""

    state_vector_bytes: int = 1024 * 1024
    """Of one question."""

    awareness_entries: int = 20_000
    """States in one message, those of others included."""

    awareness_ids: int = 32
    """Ids that one session has of its own at a time."""

    awareness_bytes: int = 64 * 1024
    """Of one state, as JSON in UTF-8."""

    awareness_nesting: int = 64
    """Arrays and objects within each other in one state, itself included."""


DEFAULTS: Final = Limits()
