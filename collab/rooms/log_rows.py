"""Rows of a log, joined: a keystroke is quickly applied, and thousands by themselves take longer than the document they stand in."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from collab.protocol.items import write_items
from collab.protocol.keystroke import read_keystroke
from collab.protocol.structs import (
    NO_DELETIONS,
    Run,
    Structs,
    WalkedUpdate,
    lacks_nothing,
    read_structs,
    ready_runs,
    write_structs,
)
from collab.protocol.surrogates import may_hold_pairs
from collab.protocol.updates import DeleteSet, StateVector, merged

_FEWEST: Final = 8
"""Rows that are worth it."""


By = TypeVar("By")
"""Whom a row is by."""


def join_keystrokes(updates: Sequence[bytes], authors: Sequence[By]) -> tuple[tuple[bytes, ...], tuple[By, ...]]:
    """Return the rows to write for these updates, and whom each is by.

    Keystrokes by one author that follow each other become a row, also under several client ids, as far as each goes on where its client's
    others in the row ended: where many type at once a row is quicker to write, to fold and to load than ten.
    """
    if len(updates) == 1:
        return tuple(updates), tuple(authors)
    rows: list[bytes] = []
    by: list[By] = []
    typed: list[bytes] = []
    runs: list[Run] = []
    ends: dict[int, int] = {}

    def end_row() -> None:
        if typed:
            rows.append(typed[0] if len(typed) == 1 else write_structs(runs, NO_DELETIONS))
            typed.clear()
            runs.clear()
            ends.clear()

    for update, author in zip(updates, authors, strict=True):
        run = read_keystroke(update)
        if run is None or not typed or by[-1] != author or ends.get(run.client, run.start) != run.start:
            end_row()
            by.append(author)
        if run is None:
            rows.append(update)
        else:
            typed.append(update)
            runs.append(run)
            ends[run.client] = run.end
    end_row()
    return tuple(rows), tuple(by)


def join_rows(updates: Iterable[bytes], reached: StateVector) -> Iterator[bytes]:
    """Yield updates, fewer and larger, that take a replica with this state to the same document.

    Joined are those of which each run of structs lacks nothing and goes on exactly where its client's others ended.
    What may hold a surrogate pair stays by itself, for what is done about one depends on what came before it.
    Raises `ProtocolError` for what is no update.
    """
    reached = dict(reached)
    stretch = _Stretch(reached)
    for update in updates:
        structs = read_structs(update)
        if _go_on(structs.runs, reached) and may_hold_pairs(update) is None:
            stretch.take(update, structs)
            continue
        yield from stretch.rows()
        yield update
        stretch = _Stretch(reached)
        for run in structs.runs:
            if lacks_nothing(run, reached):
                reached[run.client] = max(run.end, reached.get(run.client, 0))
    yield from stretch.rows()


def _go_on(runs: Sequence[Run], reached: StateVector) -> bool:
    for run in runs:
        if run.start != reached.get(run.client, 0):
            return False
    return not ready_runs(runs, reached)[1]


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
