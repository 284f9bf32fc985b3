"""What may happen to a database while a server writes to it. Each is a context in which it lasts."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from tests.contracts.postgres import execute
from tests.support.server import RunningServer

BALLAST: Final = "ballast"

_LOCK: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""

_SLOW_COMMITS: Final = (
    """
    CREATE FUNCTION wait_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('collab_test.waited', true) IS DISTINCT FROM txid_current()::text THEN
        PERFORM set_config('collab_test.waited', txid_current()::text, true);
        PERFORM pg_sleep({seconds});
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON updates DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_once()
    """,
)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Have another process hold SQLite's write lock."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _LOCK, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "locked\n"
        yield
    finally:
        holder.stdin.close()
        holder.wait(20)
        holder.stdout.close()


@contextmanager
def no_more_bytes(server: RunningServer) -> Iterator[None]:
    """Let the server's files take nothing more: every write fails (EFBIG), as on a disk that is full, and without any privilege."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def full_disk(directory: Path) -> Iterator[None]:
    """Fill the file system that the database lies on to its last byte (ENOSPC)."""
    ballast = directory / BALLAST
    try:
        with ballast.open("wb", buffering=0) as file:
            for size in (65536, 1):
                _fill(file.fileno(), size)
        yield
    finally:
        ballast.unlink()


def _fill(file: int, size: int) -> None:
    try:
        while True:
            os.write(file, bytes(size))
    except OSError as error:
        if error.errno != ENOSPC:
            raise


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[None]:
    """Mount a file system of this size. Needs the right to."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def unwritable(database: Path) -> Iterator[None]:
    """Let no process change an SQLite database and its log, not even one that has them open. Needs the right to.

    Its `-shm` file is left alone: SQLite maps it, and the kernel ends a process that writes to a mapped file that it may not write to.
    """
    files = [str(database), str(database.with_name(database.name + "-wal"))]
    subprocess.run(["chattr", "+i", *files], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@contextmanager
def read_only(server: str, url: str) -> Iterator[None]:
    """Have a PostgreSQL database refuse to write, as one does that has become a standby; it drops the connections first."""
    name = make_url(url).database
    drop = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    asyncio.run(execute(server, f'ALTER DATABASE "{name}" SET default_transaction_read_only = on', drop))
    try:
        yield
    finally:
        asyncio.run(execute(server, f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))


def slow_commits(url: str, seconds: float) -> None:
    """Have each commit of the update log take so long, in a PostgreSQL database."""
    asyncio.run(execute(url, *(statement.format(seconds=seconds) for statement in _SLOW_COMMITS)))
