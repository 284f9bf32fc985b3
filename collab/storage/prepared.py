"""Statements of the update log, compiled once: SQLAlchemy's way through each execution costs more than SQLite's work for it."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler

_SQLITE: Final = SQLiteDialect_pysqlite(paramstyle="named")


class PreparedStatement:
    """A statement that changes rows, each with the same parameters. SQLite's driver gets it as text, any other through SQLAlchemy.

    A row gives numbers and bytes, which every driver takes as they are; of any other type is only what all rows share.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        compiled = statement.compile(dialect=_SQLITE)  # type: ignore[attr-defined]  # every executable statement is a clause too
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what SQLAlchemy compiles a statement to
        self._text = str(compiled)
        self._processors = {
            name: processor
            for name, parameter in compiled.binds.items()
            if (processor := parameter.type.dialect_impl(_SQLITE).bind_processor(_SQLITE)) is not None
        }

    def execute(
        self, connection: Connection, rows: Sequence[Mapping[str, int | bytes | None]], **shared: object
    ) -> None:
        """Execute it for each row, with what they share. On SQLite its driver's own errors are raised."""
        if connection.dialect.driver != _SQLITE.driver:
            connection.execute(self._statement, [{**row, **shared} for row in rows])
            return
        bound = {name: self._processors[name](value) for name, value in shared.items()}
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._text, [{**row, **bound} for row in rows])
        finally:
            cursor.close()
