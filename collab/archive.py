"""A whole server as plain files, and back: every row of every table, whatever the tables are.

The directory holds one file for each document, one for what belongs to none, and a manifest. A file has one JSON object a line: the name of
a table and the row as it stands there, bytes in Base64, times in ISO 8601; a document's own row comes first. The manifest is written last;
it names the format, the revision of the schema, the last id that each table gave, and for each file its SHA-256 and number of rows. So an
export that was cut short has none, and what was changed later is found.
"""

import hashlib
import json
import os
import re
import sqlite3
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from anyio import to_thread
from pydantic import BaseModel, Field, ValidationError
from rich.progress import Progress
from sqlalchemy import Column, Connection, LargeBinary, RowMapping, Select, Table, func, insert, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from collab.errors import StorageError
from collab.ports import THIS_MACHINE, Act, AuditAction
from collab.storage.audit import write_down
from collab.storage.counters import COUNTED, read_counters, set_counters
from collab.storage.database import open_database
from collab.storage.failures import is_of_no_text
from collab.storage.migrations import check_schema, migrate, needed_revision
from collab.storage.orphans import find_orphans
from collab.storage.row_by_row import read_row_by_row, row_id
from collab.storage.schema import UtcDateTime, metadata
from collab.storage.tables import documents

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
SHARED_FILE: Final = "server.jsonl"

_ROWS_AT_ONCE: Final = 500
_NAME_CHARACTERS: Final = 60
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]+")


class FileEntry(BaseModel):
    """What the manifest says of a file."""

    sha256: str
    rows: int


class Manifest(BaseModel):
    """What an export holds."""

    format: int
    revision: str
    """Of the schema: only a database at the same one can take the rows in."""

    files: dict[str, FileEntry]
    counters: dict[str, Annotated[int, Field(ge=0, le=2**63 - 1)]] = {}
    """The last id that each table gave; where it is not named, that of the last row counts."""


Note = Callable[[], Coroutine[Any, Any, None]]
"""Writes into the audit log that everything was written out."""

_Rows = tuple[Table, Select[Any]]
"""Rows of a table."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was written or read."""

    documents: int
    rows: int


async def export(url: str, directory: Path, progress: Progress, note: Note) -> Moved:
    """Write everything as it stands at one moment; a running server is not disturbed.

    `note` is awaited before the manifest is written: without that nothing takes the files for an export.

    Raises `StorageError` where the directory is there already or cannot be written, and for a row that would not come back as it is, naming
    it, `DatabaseUnavailable` as the storage does.
    """
    files: dict[str, FileEntry] = {}
    async with open_database(url, may_create=False) as database, database.reading() as connection:
        await check_schema(connection, database.address)
        for orphan in await find_orphans(connection):
            raise _refused(orphan.table, f"row {orphan.row}: it belongs to no document")
        try:
            await to_thread.run_sync(lambda: directory.mkdir(parents=True))
        except OSError as error:
            raise StorageError(
                f"{directory} cannot be made: {error.strerror}; expected a directory that is not there yet"
            ) from error
        named = await connection.run_sync(read_row_by_row, select(documents.c.id, documents.c.name), documents.c.id)
        names = {row["id"]: str(row["name"]) for row in named.rows} | dict.fromkeys(named.unreadable, "")
        files[SHARED_FILE] = await _write(connection, _shared_rows(), directory / SHARED_FILE)
        for document, name in progress.track(sorted(names.items()), description="Exporting"):
            file = f"{document:08}-{_UNSAFE.sub('-', name)[:_NAME_CHARACTERS].strip('-')}.jsonl"
            files[file] = await _write(connection, _rows_of(document), directory / file)
        counters = await read_counters(connection)
    manifest = Manifest(format=FORMAT, revision=needed_revision(), files=files, counters=counters)
    await note()
    await to_thread.run_sync(_write_durably, directory / MANIFEST, manifest.model_dump_json(indent=1).encode())
    return Moved(len(names), sum(entry.rows for entry in files.values()))


async def _write(connection: AsyncConnection, rows: Iterable[_Rows], file: Path) -> FileEntry:
    digest, count = hashlib.sha256(), 0
    try:
        with file.open("xb") as output:
            async for line in _lines(connection, rows):
                output.write(line)
                digest.update(line)
                count += 1
            output.flush()
            os.fsync(output.fileno())
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from error
    return FileEntry(sha256=digest.hexdigest(), rows=count)


async def _lines(connection: AsyncConnection, rows: Iterable[_Rows]) -> AsyncIterator[bytes]:
    for table, query in rows:
        try:
            async for line in _encoded(connection, table, query):
                yield line
        except (TypeError, ValueError) as error:
            named = [reason async for reason in _unreadable(connection, table, query)] or [f"a row: {error}"]
            raise _refused(table.name, named[0]) from error


def _refused(table: str, reason: str) -> StorageError:
    return StorageError(f"{table} cannot be exported: {reason}; `collab check` names what is damaged")


async def _encoded(connection: AsyncConnection, table: Table, query: Select[Any]) -> AsyncIterator[bytes]:
    """Read rows as lines of JSON. Raises `TypeError` or `ValueError` for one that would not come back as it is."""
    ordered = query.order_by(*table.primary_key)
    try:
        found = await connection.stream(ordered, execution_options={"yield_per": _ROWS_AT_ONCE})
        async for row in found.mappings():
            yield _line(table, row)
    except (OperationalError, sqlite3.OperationalError) as error:
        if not is_of_no_text(error):
            raise
        raise ValueError(str(error)) from error


async def _unreadable(connection: AsyncConnection, table: Table, query: Select[Any]) -> AsyncIterator[str]:
    """Say which rows cannot be read, and which can, and would not come back."""
    key = row_id(table) if connection.dialect.name == "sqlite" else next(iter(table.primary_key))
    read = await connection.run_sync(read_row_by_row, query, key)
    for number, reason in read.unreadable.items():
        yield f"row {number}: {reason}"
    for row in read.rows:
        try:
            _line(table, row)
        except (TypeError, ValueError) as error:
            named = ", ".join(f"{column.name} {row[column.name]!r}" for column in table.primary_key)
            yield f"the row of {named}: {error}"


def _line(table: Table, row: RowMapping) -> bytes:
    values = {column.name: _to_json(column, row[column.name]) for column in table.columns}
    return json.dumps({"table": table.name, "row": values}, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _shared_rows() -> Iterator[_Rows]:
    """Return what belongs to no document."""
    return ((table, select(table)) for table in metadata.sorted_tables if _owner(table) is None)


def _rows_of(document: int) -> Iterator[_Rows]:
    owners = ((table, _owner(table)) for table in metadata.sorted_tables)
    return ((table, select(table).where(owner == document)) for table, owner in owners if owner is not None)


def _owner(table: Table) -> Column[Any] | None:
    """Return the column that says whose rows these are; `None` where they belong to no document."""
    return table.c.id if table is documents else table.c.get("document_id")


def _to_json(column: Column[Any], value: object) -> object:
    if isinstance(column.type, LargeBinary):
        if not isinstance(value, bytes | None):
            raise TypeError(f"its {column.name} is a stored {type(value).__name__}; expected bytes")
        return None if value is None else b64encode(value).decode()
    if isinstance(value, bytes):
        raise TypeError(f"its {column.name} is {value!r}; expected no bytes")
    return value.isoformat() if isinstance(value, datetime) else value


def _write_durably(file: Path, content: bytes) -> None:
    with file.open("xb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())


async def import_(url: str, directory: Path, progress: Progress) -> Moved:
    """Read everything into an empty database, in one transaction, and write that down. The schema is made where there is none.

    Raises `StorageError` for a database that has anything in it, and for an export that is incomplete, damaged or of another revision,
    naming the file; then nothing was imported.
    """
    manifest = await to_thread.run_sync(_read_manifest, directory)
    await migrate(url)
    async with open_database(url, statement_timeout=None) as database, database.writing() as connection:
        for table in metadata.sorted_tables:
            if await connection.scalar(select(func.count()).select_from(table)):
                raise StorageError(f"{database.address} has {table.name}; expected an empty database")
        for name, entry in progress.track(manifest.files.items(), description="Importing"):
            await connection.run_sync(_read_rows, directory / name, entry)
        await connection.run_sync(set_counters, manifest.counters)
        read = Moved(len(manifest.files) - 1, sum(entry.rows for entry in manifest.files.values()))
        told = {"documents": str(read.documents), "rows": str(read.rows)}
        await write_down(connection, Act(AuditAction.DATABASE_IMPORTED, THIS_MACHINE, details=told))
    return read


def _read_manifest(directory: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((directory / MANIFEST).read_bytes())
    except OSError as error:
        raise StorageError(
            f"{directory / MANIFEST} cannot be read: {error.strerror}; expected a complete export"
        ) from error
    except ValidationError as error:
        raise StorageError(f"{directory / MANIFEST} is no manifest: {error.errors()[0]['msg']}") from error
    if manifest.format != FORMAT:
        raise StorageError(f"{directory} is an export of format {manifest.format}; expected {FORMAT}")
    if manifest.revision != needed_revision():
        raise StorageError(
            f"{directory} was exported at revision {manifest.revision} of the schema; expected {needed_revision()}, as this version has"
        )
    if SHARED_FILE not in manifest.files:
        raise StorageError(f"{directory / MANIFEST} is no manifest: it names no {SHARED_FILE}")
    if unknown := sorted(manifest.counters.keys() - {table.name for table in COUNTED}):
        raise StorageError(f"the manifest counts {unknown}; expected tables that give ids")
    for name in manifest.files:
        if Path(name).name != name:
            raise StorageError(f"the manifest names the file {name!r}; expected one in {directory}")
    return manifest


def _read_rows(connection: Connection, file: Path, entry: FileEntry) -> None:
    digest, rows = hashlib.sha256(), 0
    table: Table | None = None
    batch: list[dict[str, object]] = []
    try:
        with file.open("rb") as lines:
            for line in lines:
                digest.update(line)
                next_table, row = _row_of(json.loads(line))
                if table is not None and (next_table is not table or len(batch) == _ROWS_AT_ONCE):
                    connection.execute(insert(table), batch)
                    batch = []
                table = next_table
                batch.append(row)
                rows += 1
        if table is not None:
            connection.execute(insert(table), batch)
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, Base64Error, SQLAlchemyError) as error:
        raise StorageError(f"line {rows + 1} of {file} is damaged, or does not belong there: {error}") from error
    if (digest.hexdigest(), rows) != (entry.sha256, entry.rows):
        raise StorageError(f"{file} is not what was exported: its SHA-256 differs from the manifest's")


def _row_of(line: Mapping[str, Any]) -> tuple[Table, dict[str, object]]:
    table = metadata.tables[line["table"]]
    return table, {column.name: _from_json(column, line["row"][column.name]) for column in table.columns}


def _from_json(column: Column[Any], value: Any) -> object:  # noqa: ANN401 - whatever JSON holds
    if value is None:
        return None
    read: Callable[[Any], object] = _READERS.get(type(column.type), lambda as_it_is: as_it_is)
    return read(value)


_READERS: Final[Mapping[type, Callable[[Any], object]]] = {
    LargeBinary: lambda encoded: b64decode(encoded, validate=True),
    UtcDateTime: datetime.fromisoformat,
}
