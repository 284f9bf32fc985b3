"""Works upon what is stored of heavy documents. It takes long, and is meant for where nobody waits for it: a process of its own."""

from array import array
from collections.abc import Collection, Sequence
from typing import Final

from collab.errors import ProtocolError, UpdateError
from collab.protocol.cutting import cut
from collab.protocol.limits import Limits
from collab.protocol.structs import WalkedUpdate
from collab.protocol.surrogates import may_hold_pairs, read_seams
from collab.rooms.document import Document
from collab.rooms.held import is_waiting
from collab.rooms.integration import in_pieces
from collab.rooms.poison import PoisonedReplica
from collab.rooms.prepared import Prepared

PIECE: Final = 32 * 1024
"""Bytes of a snapshot that the CRDT takes in at once, in about two milliseconds."""


def encode_diffs(
    snapshot: bytes | None, updates: Sequence[bytes], state_vectors: Collection[bytes]
) -> dict[bytes, bytes]:
    """Return what lacks of all that to somebody with each of these state vectors; what cannot be answered is left out.

    Raises as `Document` does.
    """
    document = Document(updates, snapshot=snapshot)
    diffs: dict[bytes, bytes] = {}
    for state_vector in state_vectors:
        try:
            diffs[state_vector] = document.diff(state_vector)
        except ProtocolError:
            continue
        except PoisonedReplica:
            document = Document(updates, snapshot=snapshot)  # for the others
    return diffs


def walk(update: bytes, limits: Limits) -> WalkedUpdate:
    """Take apart, and cut, what a client sent, as a document with these limits would. Raises `UpdateError` when it is none."""
    try:
        walked = WalkedUpdate.of(update, limits)
    except ProtocolError as error:
        raise UpdateError(f"{len(update)} bytes that are no Yjs update: {error}") from None
    walked.pieces = in_pieces(update, sum([run.held for run in walked.structs.runs]))
    return walked


def prepare(snapshot: bytes | None, updates: Sequence[bytes]) -> Prepared:
    """Make ready what is stored. Raises as `Document` does, and `ProtocolError` for a snapshot that is no update."""
    state = snapshot if snapshot is not None and not updates else Document(updates, snapshot=snapshot).state()
    pieces = cut(state, PIECE)
    return Prepared(
        None if state is snapshot else state,
        pieces.pieces,
        pieces.reached,
        pieces.types,
        _pairs_of(state),
        tuple(update for update in updates if is_waiting(update, pieces.reached)),
    )


def _pairs_of(state: bytes) -> "dict[int, array[int]]":
    pairs: dict[int, array[int]] = {}
    if may_hold_pairs(state) is not None:
        for text in read_seams(state)[1]:
            pairs.setdefault(text.client, array("L")).extend(clock for _, clock in text.seams())
    return pairs
