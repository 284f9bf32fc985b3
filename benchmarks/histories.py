"""Histories of editing, edit by edit: recorded ones from files, and a generated one of the same size and shape.

Recorded histories: https://github.com/josephg/editing-traces, whose files end in `.json.gz`.
"""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pycrdt import Doc, Text, TransactionEvent

Patch = tuple[int, int, str]
"""Where, how many characters are deleted there, and what is inserted."""

ROOT: Final = "text"


class Edit(NamedTuple):
    """One edit, as it comes to a server."""

    update: bytes
    client: int
    author: int
    """A number for the user."""

    pause: float = 0.25
    """Seconds since the one before."""


_EDITS: Final = 259_778
_CHARACTERS: Final = 104_852
"""Of the history that is generated, and of `automerge-paper`, which it stands in for."""

_SEED: Final = 20260101
_FIRST_AUTHOR: Final = 2**31 + 1
_LONGEST_RUN: Final = 29
_MOVES: Final = 0.15
"""Letters that are typed, or deleted, one after the other; and how often the author goes elsewhere after that."""

_CHAPTER: Final = 100_000
"""Edits."""

_LETTERS: Final = "etaoinshrdlu etaoin cmfwypvbgk \n"


@dataclass(frozen=True, slots=True)
class _Transaction:
    agent: int
    parents: tuple[int, ...]
    patches: tuple[Patch, ...]


def recorded(path: Path) -> Iterator[Edit]:
    """Give the edits of a recorded history, as each author's editor would have sent them."""
    with gzip.open(path) as file:
        trace = json.load(file)
    transactions = [
        _Transaction(
            transaction.get("agent", 0),
            tuple(transaction.get("parents", [number - 1] if number else [])),
            tuple((at, deleted, inserted) for at, deleted, inserted in transaction["patches"]),
        )
        for number, transaction in enumerate(trace["txns"])
    ]
    return _replay(transactions, trace.get("numAgents", 1))


def _replay(transactions: Sequence[_Transaction], agents: int) -> Iterator[Edit]:
    """Have each author edit a replica of their own, which is given what the transaction was made on top of."""
    authors = [_Author(agent + 1) for agent in range(agents)]
    updates: list[tuple[bytes, ...]] = []
    for transaction in transactions:
        author = authors[transaction.agent]
        author.hear(transactions, updates, transaction.parents)
        made = author.edit(transaction.patches)
        author.known.add(len(updates))
        updates.append(made)
        for update in made:
            yield Edit(update, author.client_id, author.client_id)


class _Author:
    """One replica, which knows of some transactions."""

    def __init__(self, client_id: int, root: str = ROOT) -> None:
        self.client_id = client_id
        self._document: Doc[Text] = Doc(client_id=client_id)
        self._text = self._document.get(root, type=Text)
        self._made: list[bytes] = []
        self._subscription = self._document.observe(self._keep)
        self.known: set[int] = set()

    def _keep(self, event: TransactionEvent) -> None:
        self._made.append(event.update)

    def hear(
        self, transactions: Sequence[_Transaction], updates: Sequence[tuple[bytes, ...]], parents: Sequence[int]
    ) -> None:
        missing: set[int] = set()
        waiting = [parent for parent in parents if parent not in self.known]
        while waiting:
            number = waiting.pop()
            if number not in missing:
                missing.add(number)
                waiting += [parent for parent in transactions[number].parents if parent not in self.known]
        for number in sorted(missing):
            for update in updates[number]:
                self._document.apply_update(update)
        self.known |= missing
        self._made.clear()

    def edit(self, patches: Sequence[Patch]) -> tuple[bytes, ...]:
        with self._document.transaction():
            for at, deleted, inserted in patches:
                if deleted:
                    del self._text[at : at + deleted]
                if inserted:
                    self._text.insert(at, inserted)
        made, self._made = self._made, []
        return tuple(made)


def generated(edits: int = _EDITS, characters: int = _CHARACTERS, *, chapter: int = 0) -> Iterator[Edit]:
    """Give the edits of a text that one author types, deletes from and moves about in, letter by letter.

    It has so many edits, and so many characters at the end. Another chapter is another text, by another author.
    """
    source = random.Random(_SEED + chapter)
    author = _Author(_FIRST_AUTHOR + chapter, f"{ROOT}-{chapter}" if chapter else ROOT)
    deletions = (edits - characters) // 2
    length = cursor = run = 0
    deletes = False
    for number in range(edits):
        if run == 0:
            if source.random() < _MOVES:
                cursor = source.randrange(length + 1)
            deletes = source.random() * (edits - number) < deletions
            run = source.randint(1, _LONGEST_RUN)
        run -= 1
        if deletes and cursor and deletions:
            cursor, length, deletions = cursor - 1, length - 1, deletions - 1
            made = author.edit([(cursor, 1, "")])
        else:
            made = author.edit([(cursor, 0, source.choice(_LETTERS))])
            cursor, length = cursor + 1, length + 1
        for update in made:
            yield Edit(update, author.client_id, 1)


def chaptered(edits: int) -> Iterator[Edit]:
    """Give the edits of a document in chapters of a hundred thousand at most.

    To make an edit in a text takes the longer the more there were; in chapters a million of them take seconds.
    """
    for chapter, start in enumerate(range(0, edits, _CHAPTER)):
        length = min(_CHAPTER, edits - start)
        yield from generated(length, length * _CHARACTERS // _EDITS, chapter=chapter)
