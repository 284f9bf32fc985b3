"""The surrogate pairs in a document's texts, which the CRDT is never made to part (`collab/protocol/surrogates.py` says why).

Who parts a pair deletes it: for everybody, and first. At home they see two U+FFFD in its place until they hear of that. A pair that comes
together with what parts it, or after that, is two U+FFFD from the start.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from collab.errors import ProtocolError
from collab.protocol.items import write_items
from collab.protocol.structs import Run
from collab.protocol.surrogates import Seam, may_hold_pairs, part_texts, read_seams
from collab.protocol.updates import DeleteSet, StateVector

MAX_EARLY: Final = 100_000
"""Ends of deleted ranges that a document remembers because what they delete is missing."""


class Mended(NamedTuple):
    """An update that parts no pair."""

    update: bytes
    deletion: bytes | None
    """An update to apply before it, which deletes the pairs that it would part."""

    seams: Sequence[Seam]
    """The pairs that it brings."""


class SurrogatePairs:
    """Where the pairs of one document are. Knowing costs nothing as long as there are none."""

    __slots__ = ("_clocks", "_early", "_is_known", "is_bounded")

    def __init__(self, snapshot: bytes | None = None, pairs: dict[int, "array[int]"] | None = None) -> None:
        """Look for those of a snapshot when that is asked for, unless they are known: of each client the clocks of second halves."""
        self._clocks: dict[int, array[int]] = {} if pairs is None else pairs
        """Of each client the clocks of second halves, in their order; those deleted meanwhile among them."""
        self._is_known = snapshot is None or may_hold_pairs(snapshot) is None
        """Whether what the document held at first has been looked at."""
        self._early: set[Seam] = set()
        """Ends of deletions that wait for what they delete."""
        self.is_bounded = False
        """Whether there is a limit to those; not while a log is loaded, for all that is in it was taken in once."""

    @property
    def are_none(self) -> bool:
        """Whether the document has no pairs, and that is known."""
        return self._is_known and not self._clocks

    def expect(self, deletions: DeleteSet, runs: Iterable[Run], reached: StateVector) -> None:
        """Remember what an update with these deletions and runs deletes too early. Raises `ProtocolError` when that is too much."""
        if not deletions:
            return
        ends = {run.client: run.end for run in runs}
        early = [
            (client, border)
            for client, ranges in deletions.items()
            for known in (max(ends.get(client, 0), reached.get(client, 0)),)
            if ranges[-1][1] > known or any(end > known for _, end in ranges)
            for deleted in ranges
            for border in deleted
            if border > known
        ]
        if not early:
            return
        if self.is_bounded and len(self._early) + len(early) > MAX_EARLY:
            self._early = {seam for seam in self._early if seam[1] > reached.get(seam[0], 0)}
            if len(self._early) + len(early) > MAX_EARLY:
                raise ProtocolError(f"more than {MAX_EARLY // 2} ranges are deleted of edits that are missing")
        self._early.update(early)

    def mend(self, update: bytes, reached: StateVector, state: Callable[[], bytes]) -> Mended:
        """Return what the CRDT may have in place of an update, whose deletions were expected, when it has reached this state."""
        brings = may_hold_pairs(update) is not None
        if not brings and self.are_none:
            return Mended(update, None, ())
        parted, texts = read_seams(update)
        deletion = _deletion_of(self._own(parted, state))
        if not texts:
            return Mended(update, deletion, ())
        parted |= self._early
        parted |= {
            (text.client, reached.get(text.client, 0)) for text in texts
        }  # of a run known in part, the CRDT takes the rest
        seams = [seam for text in texts for seam in text.seams()]
        if not parted.isdisjoint(seams):
            update = part_texts(update, texts, parted)
        new = [seam for seam in seams if seam[1] > reached.get(seam[0], 0) and seam not in parted]
        return Mended(update, deletion, new)

    def add(self, seams: Iterable[Seam]) -> None:
        """Take note of pairs that the CRDT has now."""
        for client, clock in seams:
            clocks = self._clocks.setdefault(client, array("L"))
            if not clocks or clock > clocks[-1]:
                clocks.append(clock)
            else:
                insort(clocks, clock)

    def lower(self, reached: StateVector, state: Callable[[], bytes]) -> bool:
        """Lower the clocks that lie between the halves of a pair, for what is behind such a one cannot be encoded; tell whether any did."""
        between = self._own(reached.items(), state)
        for client, clock in between:
            reached[client] = clock - 1
        return bool(between)

    def _own(self, seams: Iterable[Seam], state: Callable[[], bytes]) -> list[Seam]:
        """Return those of these seams that lie between the halves of a pair that the document has."""
        if not self._is_known:
            self._is_known = True
            self._clocks.clear()
            for text in read_seams(state())[1]:
                self.add(text.seams())
        return [seam for seam in seams if self._is_pair(*seam)] if self._clocks else []

    def _is_pair(self, client: int, clock: int) -> bool:
        clocks = self._clocks.get(client)
        if clocks is None:
            return False
        index = bisect_left(clocks, clock)
        return index < len(clocks) and clocks[index] == clock


def _deletion_of(seams: Iterable[Seam]) -> bytes | None:
    """Return an update that deletes the pairs at these seams, or `None` where there are none."""
    pairs: dict[int, list[tuple[int, int]]] = {}
    for client, clock in sorted(seams):
        pairs.setdefault(client, []).append((clock - 1, clock + 1))
    return write_items((), pairs) if pairs else None
