"""What a room needs to know of a dialect: how to say each thing to a client of it."""

from typing import Protocol


class Dialect(Protocol):
    """Encodes what the server says about one document into the payload of one binary WebSocket message.

    Sessions whose dialects are equal receive the same bytes, so a dialect is a value: hashable, and equal to every other that would
    write the same.
    """

    @property
    def speaks_first(self) -> bool:
        """Whether the server asks with a step 1 as soon as a session opens, rather than once for each step 1 of the client."""
        ...

    def sync_step1(self, state_vector: bytes) -> bytes:
        """Ask for what the client has beyond this state vector."""
        ...

    def sync_step2(self, update: bytes) -> tuple[bytes, bytes]:
        """Answer a state vector with what it lacks, in two parts of one message."""
        ...

    def sync_update(self, update: bytes) -> bytes:
        """Tell of an edit."""
        ...

    def awareness(self, payload: bytes) -> bytes:
        """Tell of presence; the payload is one of `collab.protocol.awareness`."""
        ...

    def sync_status(self, *, saved: bool) -> bytes | None:
        """Tell a writer that its edit is committed, or refused; `None` where the dialect has no word for it."""
        ...

    def stateless(self, payload: str) -> bytes | None:
        """Pass on a message of the application; `None` where the dialect has no word for it."""
        ...

    def keep_alive(self) -> bytes:
        """Say nothing, so that the client knows the connection lives."""
        ...
