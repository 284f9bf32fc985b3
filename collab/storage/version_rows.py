"""What a row of `versions` says beside its state, read and checked."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import RowMapping

from collab.errors import CorruptDocument
from collab.ports import DocumentKind, Version, VersionId, VersionKind
from collab.rooms.claims import Author
from collab.storage.tables import versions

INFO: Final = (
    versions.c.id,
    versions.c.kind,
    versions.c.document_kind,
    versions.c.name,
    versions.c.created_at,
    versions.c.author_id,
    versions.c.participants,
)
"""What a `Version` is read from."""

_LARGEST_ID: Final = 2**63 - 1

Row = RowMapping | Mapping[str, Any]


def check_info(row: Row) -> None:
    """Check all but the state. Raises `ValueError` or `TypeError` for what this program never wrote, saying what it is."""
    for column, kinds in (("kind", VersionKind), ("document_kind", DocumentKind)):
        if row[column] not in set(kinds):
            raise ValueError(f"its {column} is {row[column]!r}; expected one of {', '.join(kinds)}")
    if row["name"] is not None and not isinstance(row["name"], str):
        raise TypeError(f"its name is {row['name']!r}; expected text")
    check_participants(row["participants"])


def check_participants(named: object) -> list[int | None]:
    """Return the numbers of those who took part. Raises `ValueError` for anything else."""
    if not isinstance(named, list) or not all(number is None or _is_id(number) for number in named):
        raise ValueError(f"its participants are {named!r}; expected a list of authors' numbers")
    return named


def _is_id(number: object) -> bool:
    return isinstance(number, int) and 0 < number <= _LARGEST_ID


def sound(row: RowMapping) -> RowMapping:
    """Return a row that can be made a version of. Raises `CorruptDocument` for any other."""
    try:
        check_info(row)
    except (TypeError, ValueError) as error:
        raise CorruptDocument(f"version {row['id']} cannot be read: {error}") from error
    return row


def authors_of(rows: Iterable[Row]) -> Iterator[int | None]:
    """Return the numbers of the authors whom sound rows name."""
    return (number for row in rows for number in (row["author_id"], *row["participants"]))


def version_of(row: Row, names: Mapping[int | None, Author]) -> Version:
    """Return the version that a sound row tells of."""
    return Version(
        id=VersionId(row["id"]),
        kind=VersionKind(row["kind"]),
        document_kind=DocumentKind(row["document_kind"]),
        name=row["name"],
        created_at=row["created_at"],
        author=names.get(row["author_id"]),
        participants=tuple(names.get(number) for number in row["participants"]),
    )
