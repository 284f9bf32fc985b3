"""What is wrong with the rows of a document: everything that serving it reads is read here."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import RowMapping

from collab.errors import CorruptDocument, ProtocolError
from collab.ports import VersionId
from collab.rooms.authorship import Authorship
from collab.rooms.inspection import find_poison
from collab.storage.authors import ReadAuthors
from collab.storage.authorship import encoded_authorship
from collab.storage.credit_notes import flaws_of_credit_note
from collab.storage.owners import flaws_of_claim
from collab.storage.records import record_of, snapshot_of, state_of, update_of
from collab.storage.row_by_row import ReadRows, no_naturals
from collab.storage.version_rows import check_info

_PLACES_NAMED: Final = 10
_NUMBERS: Final = ("number", "checksum", "author_id")
"""Columns of what is kept because it was damaged."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is wrong with what is stored of a document."""

    place: str
    """What of the document it is, such as `row 3` or `its snapshot`."""

    reason: str
    row: int | None = None
    """The id of a row of the update log; `None` for anything else."""

    keeps_from_loading: bool = True
    """Whether the document is refused for it. One that is served all the same lacks something, such as who wrote what."""

    is_mended_by_compaction: bool = False
    """Whether folding the log takes it out of the way, and keeps it."""


@dataclass(frozen=True, slots=True)
class FlawedVersion:
    """A version that cannot be read; its document may well load."""

    id: VersionId
    reason: str


@dataclass(frozen=True, slots=True)
class StoredRows:
    """What is stored of a document, beside its versions."""

    record: ReadRows
    search_text: ReadRows
    snapshot: ReadRows
    log: ReadRows
    claims: ReadRows
    credit_notes: ReadRows
    cut_updates: ReadRows
    authorship_set_aside: ReadRows


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look at a document's rows found."""

    flaws: tuple[Flaw, ...]
    authors: Mapping[int, Sequence[str]]
    """Which authors are named, and where."""


def examine(stored: StoredRows) -> Examined:
    """Look at all rows of a document, and load it as far as they can be read."""
    authors: dict[int, list[str]] = defaultdict(list)
    flaws = (
        *_flaws_of_record(stored.record),
        *_flaws_of_search_text(stored.search_text),
        *_flaws_of_content(stored.snapshot, stored.log),
        *_flaws_of_authorship(stored, authors),
        *_flaws_of_kept(stored.cut_updates, "quarantined_updates", "update_id", "content"),
        *_flaws_of_kept(stored.authorship_set_aside, "quarantined_authorship", "id", "authorship"),
    )
    return Examined(flaws, authors)


def _flaws_of_record(record: ReadRows) -> Iterator[Flaw]:
    yield from (Flaw("its record", reason) for reason in record.unreadable.values())
    for row in record.rows:
        try:
            record_of(row)
        except CorruptDocument as error:
            yield Flaw("its record", str(error))
        for column in ("name", "title"):
            if not isinstance(row[column], str):
                yield Flaw("its record", f"its {column} is {row[column]!r}; expected text", keeps_from_loading=False)


def _flaws_of_search_text(read: ReadRows) -> Iterator[Flaw]:
    for reason in read.unreadable.values():
        yield Flaw("its record", reason, keeps_from_loading=False)
    for row in read.rows:
        if not isinstance(row["search_text"], str):
            reason = f"its search_text is {row['search_text']!r}; expected text"
            yield Flaw("its record", reason, keeps_from_loading=False)


def _flaws_of_content(snapshot: ReadRows, log: ReadRows) -> Iterator[Flaw]:
    yield from (Flaw("its snapshot", reason) for reason in snapshot.unreadable.values())
    yield from (Flaw(f"row {row}", reason, row) for row, reason in log.unreadable.items())
    is_loadable, state = not snapshot.unreadable, None
    for row in snapshot.rows:
        try:
            state = snapshot_of(row)
        except (TypeError, ValueError) as error:
            is_loadable = False
            yield Flaw("its snapshot", str(error))
        for reason in no_naturals(row, "number"):
            yield Flaw("its snapshot", f"{reason}; the next one begins anew", keeps_from_loading=False)
    updates: dict[int, bytes] = {}
    for row in log.rows:
        try:
            updates[row["id"]] = update_of(row)
        except (TypeError, ValueError) as error:
            yield Flaw(f"row {row['id']}", str(error), row["id"])
    if is_loadable:  # without its snapshot none of the updates after it could be judged
        ids = tuple(updates)
        for poison in find_poison(state, tuple(updates.values())):
            found = None if poison.index is None else ids[poison.index]
            yield Flaw("its snapshot" if found is None else f"row {found}", poison.reason, found)


def _flaws_of_authorship(stored: StoredRows, authors: dict[int, list[str]]) -> Iterator[Flaw]:
    """Go through who wrote what, and note in `authors` who is named where."""
    for row in stored.snapshot.rows:
        try:
            authorship = Authorship(encoded_authorship(row))
        except (ProtocolError, TypeError, ValueError) as error:
            yield Flaw("who wrote its snapshot", str(error), keeps_from_loading=False, is_mended_by_compaction=True)
        else:
            for number in authorship.written.authors() | authorship.deleted.authors():
                _note(authors, number, "its snapshot")
    for row in stored.log.rows:
        _note(authors, row["author_id"], f"row {row['id']}")
    yield from _flaws_of_rows(stored.claims, "`claims`", "the claim on client", flaws_of_claim, authors)
    notes = stored.credit_notes
    yield from _flaws_of_rows(notes, "`credit_notes`", "the credit note on client", flaws_of_credit_note, authors)


def _flaws_of_rows(
    read: ReadRows, table: str, title: str, flaws_of: Callable[[RowMapping], list[str]], authors: dict[int, list[str]]
) -> Iterator[Flaw]:
    for number, reason in read.unreadable.items():
        yield Flaw(f"row {number} of {table}", reason, keeps_from_loading=False)
    for row in read.rows:
        place = f"{title} {row['client_id']!r}"
        if reasons := flaws_of(row):
            yield Flaw(place, "; ".join(reasons), keeps_from_loading=False)
        else:
            _note(authors, row["author_id"], place)


def _flaws_of_kept(read: ReadRows, table: str, key: str, content: str) -> Iterator[Flaw]:
    """Go through what is kept because it was damaged: its bytes may be any, and so may what they come to."""
    for number, reason in read.unreadable.items():
        yield Flaw(f"row {number} of `{table}`", reason, keeps_from_loading=False)
    for row in read.rows:
        reasons = no_naturals(row, *(name for name in _NUMBERS if row.get(name) is not None))
        if not isinstance(row[content], bytes | None):
            reasons.append(f"its {content} is a stored {type(row[content]).__name__}; expected bytes")
        if reasons:
            yield Flaw(f"row {row[key]} of `{table}`", "; ".join(reasons), keeps_from_loading=False)


def _note(authors: dict[int, list[str]], number: int | None, place: str) -> None:
    if number is not None:
        authors[number].append(place)


def flaws_of_authors(named: Mapping[int, Sequence[str]], read: ReadAuthors) -> list[Flaw]:
    """Return a flaw for each author who is named, and is not known."""
    return [
        Flaw(
            f"author {number!r}",
            f"{read.damaged.get(number, 'not in the table `authors`')}, and named by {_listed(places)}",
            keeps_from_loading=False,
        )
        for number, places in named.items()
        if number not in read.known
    ]


def _listed(places: Sequence[str]) -> str:
    listed = ", ".join(places[:_PLACES_NAMED])
    return listed if len(places) <= _PLACES_NAMED else f"{listed} and {len(places) - _PLACES_NAMED} more"


def check_version(row: RowMapping) -> None:
    """Load a version. Raises `ValueError` or `TypeError`, saying what is wrong with it."""
    check_info(row)
    poisons = find_poison(state_of(row), ())
    if poisons:
        raise ValueError(poisons[0].reason)
