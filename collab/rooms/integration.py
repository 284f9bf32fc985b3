"""An update on its way into the CRDT: in pieces where it is of many structs, and for as long as that may take.

A struct is put beside what others wrote in its place without knowing of it, and the CRDT walks past all of that. What an honest client
sends walks past little. But sixteen thousand letters, each typed before the one before, take twenty seconds where somebody else did so
too: a message of 96 kB. Whoever loads the document waits as long again, so that nothing of it may come into the log.
Source: https://github.com/yjs/yjs (src/structs/Item.js, `integrate`).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from pycrdt import Doc

from collab.protocol.cutting import STRUCT_WEIGHT, cut
from collab.protocol.structs import Run, WalkedUpdate
from collab.rooms.poison import PoisonedReplica

Clock = Callable[[], float]
"""Tells how much processor time there was until now, in seconds."""

AT_ONCE: Final = 500
"""Structs that are given at once; where there are more the time is looked at in between."""

_STRETCH: Final = 64 * STRUCT_WEIGHT
_PIECE: Final = AT_ONCE * STRUCT_WEIGHT

ALLOWED: Final = 1.0
"""Seconds of processor time that any update may take."""

ALLOWED_EACH: Final = 2e-5
"""Seconds that each of its structs may take on top: some twenty times what it takes where nothing is in its way."""


def stopped() -> float:
    """Be a clock by which nothing takes any time."""
    return 0.0


def in_pieces(update: bytes, structs: int) -> tuple[bytes, ...]:
    """Cut an update of so many structs; takes about as long as walking it. Raises `ProtocolError` for what is no update."""
    return (update,) if structs <= AT_ONCE else cut(update, _PIECE, _STRETCH).pieces


def give(document: Doc[Any], update: bytes, runs: Sequence[Run], clock: Clock | None) -> None:
    """Give the CRDT an update of these runs; without a clock at once, however long that takes.

    Raises `PoisonedReplica` where it takes too long, with a part of it given, and `ValueError` for what is no update.
    """
    if clock is None:
        document.apply_update(update)
        return
    structs = sum([run.held for run in runs])
    pieces = update.pieces if isinstance(update, WalkedUpdate) else ()
    began, allowed = clock(), ALLOWED + structs * ALLOWED_EACH
    for piece in pieces or in_pieces(update, structs):
        document.apply_update(piece)
        if clock() - began > allowed:
            raise PoisonedReplica(
                f"{structs} structs stand beside too much that others wrote in their places: they are not in after {allowed:.1f} s"
            )
