"""What a document hands out when it has applied updates."""

from typing import NamedTuple

from collab.errors import UpdateError
from collab.protocol.structs import Run


class Applied(NamedTuple):
    """What came of applying some updates."""

    parted: tuple[bytes, ...]
    """Deletions to tell before that: a replica by the same CRDT must not part what they delete either."""

    broadcast: bytes | None
    """One update with everything that changed, or `None` when nothing did."""

    append: tuple[bytes, ...]
    """What the log must keep: the updates as they came, also those that wait for one still missing; not what was known already.

    They are not merged: what waits is in no encoding of the CRDT, and a row is one writer's. In place of an update that parts a
    surrogate pair stands what the CRDT was given.
    """

    appended: tuple[int, ...]
    """Of which update each of those is."""

    runs: tuple[tuple[Run, ...], ...]
    """What each of the updates holds, whether new or not; nothing for those refused."""

    new_runs: tuple[Run, ...]
    """What is new of all of them together."""

    new_clients: frozenset[int]
    """Under whose ids the document held nothing before."""

    refused: dict[int, UpdateError]
    """By its index, what is wrong with an update that was not applied."""
