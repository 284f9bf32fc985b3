"""Who wrote, and who deleted, what of a document: each unit of content, and each deletion, by whoever brought it first.

This is kept of what somebody can still see: what the document holds, and what a kept version holds. Of what was deleted again without
having been in any of them it is only kept who took part, and when last, so that all of it stays small beside the content.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from collab.errors import ProtocolError
from collab.protocol.lib0 import Reader, var_uint
from collab.protocol.messages import EMPTY_UPDATE
from collab.protocol.structs import read_structs
from collab.protocol.updates import DeleteSet, StateVector
from collab.rooms.deliveries import MINUTE, UNKNOWN_TIME, Deliveries, Delivery, Range, without
from collab.rooms.disputes import Disputes

APART: Final = 300
"""Seconds by which the times of a version and of a row may belie their order: nodes have clocks of their own, and commits take a while."""

_FORMAT: Final = 2


class Authorship:
    """Who delivered what is in a document, or was."""

    __slots__ = ("_dead", "_disputes", "_noted", "deleted", "forgotten", "written")

    def __init__(
        self, encoded: bytes | None = None, dead: DeleteSet | None = None, reached: StateVector | None = None
    ) -> None:
        """Begin where another one ended, with what was there and what was deleted by then: who deletes that again has deleted nothing.

        Raises `ProtocolError` for bytes that `encode` did not write.
        """
        self.written = Deliveries()
        self.deleted = Deliveries()
        self.forgotten: dict[int | None, int] = {}
        """When each author last had a part in what was forgotten."""
        self._disputes = Disputes(dict(reached or {}))
        self._dead = {client: sorted(ranges) for client, ranges in (dead or {}).items()}
        self._noted = self._dead
        """What of that is in `deleted`, or was forgotten."""
        if encoded is not None:
            self._read(Reader(encoded))

    @classmethod
    def unknown(cls, state: bytes) -> "Authorship":
        """Begin with a state of which it is not known any more who delivered it: whoever brings it again is not taken for who was first.

        Raises `ProtocolError` for what is no state.
        """
        structs = read_structs(state)
        unknown = cls(dead=structs.deleted)
        unknown._noted = {}
        for run in structs.runs:
            unknown.written.add(run.client, run.start, run.end, None, UNKNOWN_TIME)
        return unknown

    def _read(self, reader: Reader) -> None:
        match reader.var_uint():
            case 1:
                self.written = Deliveries.read_first_format(reader)
                self.deleted = Deliveries.read_first_format(reader)
                self._noted = {}  # nothing was forgotten then
            case 2:
                self.written = Deliveries.read(reader)
                self.deleted = Deliveries.read(reader)
                for _ in range(reader.var_uint()):
                    author = reader.var_uint()
                    self.forgotten[author - 1 if author else None] = reader.var_uint() * MINUTE
            case number:
                raise ProtocolError(f"authorship of format {number} came; expected 1 or {_FORMAT}")
        reader.end()

    def add(self, update: bytes, author: int | None, at: int) -> None:
        """Take note of an update of the log. Raises `ProtocolError` for what is no update.

        Of a unit that one by somebody else, which may have waited, has other content for, it is not known who delivered what stands there.
        """
        structs = read_structs(update)
        self._disputes.read(update, structs, author)
        for run in structs.runs:
            known = [(delivery.start, delivery.end) for delivery in self.written.within(run.client, run.start, run.end)]
            for start, end in without([(run.start, run.end)], known):
                self.written.add(run.client, start, end, author, at)
                self._disputes.is_first(run, start, end)
            if known:
                for start, end in self._disputes.about(run):
                    self.written.dispute(run.client, start, end)
        for client, ranges in structs.deleted.items():
            for start, end in without(ranges, self._dead.get(client, ())):
                self.deleted.add(client, start, end, author, at)

    def forget(self, dead: DeleteSet, versions: Sequence[int] | None) -> None:
        """Forget what was both written and deleted between two versions that follow each other.

        Given is what is deleted by now, and when each version was taken, sorted; `None` where that is not known: then nothing is forgotten.
        """
        self._note_unknown(dead)
        if versions is None:
            return
        gone: dict[int, list[Range]] = {}
        for client, deletion in self.deleted:
            until = deletion.at + MINUTE + APART if deletion.at != UNKNOWN_TIME else inf
            for start, end, writing in self._writings(client, deletion.start, deletion.end):
                since = 0 if writing is None else writing.at - APART
                if bisect_left(versions, since) == bisect_right(versions, until):
                    gone.setdefault(client, []).append((start, end))
                    self._note_forgotten(deletion, writing)
        for client, ranges in gone.items():
            self.deleted.forget(client, ranges)
        for client, dead_ranges in dead.items():
            kept = [(delivery.start, delivery.end) for delivery in self.deleted.of(client)]
            forgotten = list(without(sorted(dead_ranges), kept))
            self.written.forget(client, forgotten)
            self.written.join_across(client, forgotten)

    def _note_unknown(self, dead: DeleteSet) -> None:
        """Take note of what was deleted since without a word: with what it stood in, by somebody who did not know of it."""
        for client, ranges in dead.items():
            for start, end in without(ranges, self._noted.get(client, ())):
                self.deleted.add(client, start, end, None, UNKNOWN_TIME)

    def _writings(self, client: int, start: int, end: int) -> Iterator[tuple[int, int, Delivery | None]]:
        """Cut units by who wrote them; `None` where that is not known."""
        for writing in self.written.within(client, start, end):
            if start < writing.start:
                yield start, writing.start, None
            yield writing.start, writing.end, writing
            start = writing.end
        if start < end:
            yield start, end, None

    def _note_forgotten(self, *deliveries: Delivery | None) -> None:
        for delivery in deliveries:
            if delivery is not None and delivery.at != UNKNOWN_TIME:
                self.forgotten[delivery.author] = max(delivery.at, self.forgotten.get(delivery.author, 0))

    def encode(self) -> bytes:
        """Write it."""
        numbers = sorted((0 if author is None else author + 1, at) for author, at in self.forgotten.items())
        forgotten = [var_uint(author) + var_uint(at // MINUTE) for author, at in numbers]
        parts = (self.written.encode(), self.deleted.encode(), var_uint(len(forgotten)), *forgotten)
        return var_uint(_FORMAT) + b"".join(parts)


def participants(authorship: Authorship, before: bytes | None, after: bytes, *, since: int = 0) -> set[int | None]:
    """Return who has delivered what one state of a document has and an earlier one, or the empty beginning, has not.

    The earlier one is a version that was taken at the time `since`. Raises `ProtocolError` for what is no state.
    """
    old, new = read_structs(EMPTY_UPDATE if before is None else before), read_structs(after)
    reached = {run.client: run.end for run in old.runs}
    found = {author for author, at in authorship.forgotten.items() if at >= since}
    for run in new.runs:
        written = authorship.written.within(run.client, reached.get(run.client, 0), run.end)
        found.update(delivery.author for delivery in written if delivery.at != UNKNOWN_TIME)
    for client, ranges in new.deleted.items():
        for start, end in without(ranges, sorted(old.deleted.get(client, ()))):
            removals = authorship.deleted.within(client, start, end)
            found.update(removal.author for removal in removals if removal.at != UNKNOWN_TIME)
    return found
