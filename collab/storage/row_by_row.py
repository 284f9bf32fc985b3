"""Rows that are read one by one where they cannot be read together, so that each damaged one is known by its key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Integer, RowMapping, Select, Table, literal_column
from sqlalchemy.exc import OperationalError

from collab.errors import CorruptDocument
from collab.storage.failures import is_of_no_text

Sound = TypeVar("Sound")

_AT_ONCE: Final = 500
"""Rows that are read together once all of them cannot be: each is a parameter, of which older versions of SQLite allow a thousand."""


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Rows that can be read, and what is wrong with each other one, by its key."""

    rows: Sequence[RowMapping]
    unreadable: Mapping[int, str]


def row_id(table: Table) -> ColumnElement[int]:
    """Return what tells the rows of a table apart on SQLite, whatever is in their columns; no other database holds what cannot be read."""
    return literal_column(f"{table.name}.rowid", Integer)


def is_natural(value: object) -> TypeGuard[int]:
    """Tell whether a column holds a number that this program could have written; SQLite lets anything stand in its place."""
    return isinstance(value, int) and value >= 0


def no_naturals(row: RowMapping, *columns: str) -> list[str]:
    """Say which of these columns hold no such number."""
    return [f"its {column} is {row[column]!r}; expected a number" for column in columns if not is_natural(row[column])]


def read_row_by_row(connection: Connection, statement: Select[Any], key: ColumnElement[int]) -> ReadRows:
    """Read what a statement selects; `key` tells its rows apart. The types of columns that SQLite does not hold itself to are converted."""
    try:
        return ReadRows(read_all(connection, statement), {})
    except ValueError:
        pass
    rows: list[RowMapping] = []
    unreadable: dict[int, str] = {}
    keys = (connection.execute(statement.with_only_columns(key, maintain_column_froms=True))).scalars().all()
    pending = [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)][::-1]
    while pending:
        some = pending.pop()
        part = statement.where(key.in_(some))
        try:
            rows += read_all(connection, part)
        except ValueError:
            if len(some) > 1:
                pending += [some[len(some) // 2 :], some[: len(some) // 2]]
            else:
                unreadable[some[0]] = "; ".join(_reasons(connection, part))
    return ReadRows(rows, unreadable)


def read_sound(
    connection: Connection, statement: Select[Any], key: Column[int], read: Callable[[RowMapping], Sound]
) -> list[Sound]:
    """Read as many rows as a statement's limit says: in the place of each damaged one another, as long as there are any.

    `read` raises `CorruptDocument` for a row that is damaged though its columns can be read.
    """
    damaged: set[int] = set()
    while True:
        found = read_row_by_row(connection, statement.where(key.not_in(damaged)) if damaged else statement, key)
        sound: list[Sound] = []
        met = set(found.unreadable)
        for row in found.rows:
            try:
                sound.append(read(row))
            except CorruptDocument:
                met.add(row[key.name])
        if not met:
            return sound
        damaged |= met


def _reasons(connection: Connection, row: Select[Any]) -> Iterator[str]:
    for column in row.selected_columns:
        try:
            read_all(connection, row.with_only_columns(column))
        except ValueError as error:
            yield f"its {column.name} cannot be read: {error}"


def read_all(connection: Connection, statement: Select[Any]) -> Sequence[RowMapping]:
    """Read all rows. Raises `ValueError` where a column holds what its type cannot be made of."""
    try:
        found = connection.execute(statement)
        return list(found.mappings())
    except TypeError as error:
        raise ValueError(str(error)) from error
    except OperationalError as error:
        if not is_of_no_text(error):
            raise
        raise ValueError(str(error.orig)) from error
