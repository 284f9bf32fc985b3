"""A copy of an SQLite database while it is in use.

Source: https://www.sqlite.org/backup.html
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from anyio import from_thread, to_thread
from rich.progress import Progress

from collab.archive import Note
from collab.errors import StorageError
from collab.storage.address import SqliteAddress, parse_address

_PAGES_AT_ONCE: Final = 1_000


async def copy_database(url: str, file: Path, progress: Progress, note: Note) -> int:
    """Copy the database as it stands at one moment, check the copy, and only then give it its name; return its size in bytes.

    `note` is awaited before it has its name.

    Raises `StorageError` where something is there already, the database is none of ours, the copy is damaged or cannot be written, and for
    PostgreSQL, saying how.
    """
    address = parse_address(url)
    if not isinstance(address, SqliteAddress):
        raise StorageError(
            f"{address} is backed up by PostgreSQL's own tools: `pg_dump --format=custom --file=collab.dump DATABASE` copies it as it "
            "stands at one moment, and `pg_restore` brings it back; `collab export` writes plain files from it"
        )
    return await to_thread.run_sync(_copy, address.path, file, progress, note)


def _copy(source: Path, file: Path, progress: Progress, note: Note) -> int:
    if file.exists():
        raise StorageError(f"{file} is there already; expected the name of a new file")
    if not source.is_file():
        raise StorageError(f"there is no database {source}")
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        _check_schema(source)
        _copy_pages(source, part, progress)
        _check(part)
        from_thread.run(note)
        _settle(part, file)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{source} cannot be copied to {file}: {error}") from error
    finally:
        for suffix in ("", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)
    return file.stat().st_size


def _copy_pages(source: Path, part: Path, progress: Progress) -> None:
    task = progress.add_task("Copying", total=None)

    def note(_status: int, remaining: int, total: int) -> None:
        progress.update(task, total=total, completed=total - remaining)

    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(part)) as copy,
    ):
        original.execute("BEGIN")
        original.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()  # from here on it is seen as it was at this moment
        original.backup(copy, pages=_PAGES_AT_ONCE, progress=note)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole without another beside it


def _check(part: Path) -> None:
    with closing(sqlite3.connect(part)) as copy:
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise StorageError(f"the copy is damaged, and so perhaps the database: {verdict}")


def _check_schema(source: Path) -> None:
    """Tell a database of ours, of whatever version, by the revision of its schema."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original:
        tables = {name for (name,) in original.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables or original.execute("SELECT 1 FROM alembic_version").fetchone() is None:
            raise StorageError(f"{source} is no database of Collab's: it says no revision of the schema")


def _settle(part: Path, file: Path) -> None:
    """Give the copy its name when it is on the disk; the link is refused where another was put there meanwhile."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    os.link(part, file)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
