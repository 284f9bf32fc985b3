"""Rows of a log, joined: a keystroke is quickly applied, and thousands by themselves take longer than the document they stand in."""

from collections.abc import Iterable, Iterator
from typing import Final

from collab.protocol.items import write_items
from collab.protocol.structs import NO_DELETIONS, Run, Structs, WalkedUpdate, lacks_nothing, read_structs, write_structs
from collab.protocol.surrogates import may_hold_pairs
from collab.protocol.updates import DeleteSet, StateVector, merged

_FEWEST: Final = 8
"""Rows that are worth it."""


def join_rows(updates: Iterable[bytes], reached: StateVector) -> Iterator[bytes]:
    """Yield updates, fewer and larger, that take a replica with this state to the same document.

    Joined are those that bring at most one run of structs, which lacks nothing and goes on exactly where its client's others ended.
    What may hold a surrogate pair stays by itself, for what is done about one depends on what came before it.
    Raises `ProtocolError` for what is no update.
    """
    reached = dict(reached)
    stretch = _Stretch(reached)
    for update in updates:
        structs = read_structs(update)
        is_plain = len(structs.runs) <= 1 and may_hold_pairs(update) is None
        if is_plain and all(_goes_on(run, reached) for run in structs.runs):
            stretch.take(update, structs)
            continue
        yield from stretch.rows()
        yield update
        stretch = _Stretch(reached)
        for run in structs.runs:
            if lacks_nothing(run, reached):
                reached[run.client] = max(run.end, reached.get(run.client, 0))
    yield from stretch.rows()


def _goes_on(run: Run, reached: StateVector) -> bool:
    return run.start == reached.get(run.client, 0) and lacks_nothing(run, reached)


class _Stretch:
    """Rows that follow each other, and what a replica has that took them in."""

    def __init__(self, reached: StateVector) -> None:
        self._reached = reached
        self._rows: list[bytes] = []
        self._runs: dict[int, list[Run]] = {}
        self._deleted: DeleteSet = {}
        self._types = 0

    def take(self, update: bytes, structs: Structs) -> None:
        """Take a row in."""
        for run in structs.runs:
            self._runs.setdefault(run.client, []).append(run)
            self._reached[run.client] = run.end
        for client, ranges in structs.deleted.items():
            self._deleted.setdefault(client, []).extend(ranges)
        self._types += structs.types
        self._rows.append(update)

    def rows(self) -> list[bytes]:
        """Return the rows that were taken in, as one if they are worth it."""
        return self._rows if len(self._rows) < _FEWEST else [self._join()]

    def _join(self) -> bytes:
        runs = tuple(_chained(runs) for runs in self._runs.values())
        deleted = {client: merged(ranges) for client, ranges in self._deleted.items()}
        deletions = write_items((), deleted)[1:] if deleted else NO_DELETIONS
        walked = WalkedUpdate(write_structs(runs, deletions))
        walked.structs = Structs(runs, deletions, deleted, self._types)
        return walked


def _chained(runs: list[Run]) -> Run:
    """Return one run in place of those of one client that follow each other."""
    needs: dict[int, int] = {}
    for run in runs:
        for client, clock in run.needs:
            needs[client] = max(clock, needs.get(client, clock))
    structs = b"".join([run.structs for run in runs])
    return Run(
        runs[0].client, runs[0].start, runs[-1].end, sum(run.held for run in runs), structs, tuple(needs.items())
    )
