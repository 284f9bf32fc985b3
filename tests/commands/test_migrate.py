"""`collab migrate` says from where to where it brought the schema."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from typer.testing import CliRunner

from collab.cli import app
from collab.storage.migrations import migrations_directory, needed_revision
from tests.commands.conftest import Collab


def migrate_to(file: Path, revision: str) -> None:
    """Make a database as an earlier version left it."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations_directory()))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, f"The database was new; it is at revision {needed_revision()} now.\n"),
        ("0003", f"The database was brought from revision 0003 to {needed_revision()}.\n"),
        (needed_revision(), f"The database is up to date already, at revision {needed_revision()}.\n"),
    ],
    ids=["new", "older", "up to date"],
)
def test_it_is_said_from_where_to_where(tmp_path: Path, before: str | None, said: str) -> None:
    if before is not None:
        migrate_to(tmp_path / "collab.db", before)

    migrated = CliRunner().invoke(app, ["migrate", "--data-dir", str(tmp_path)])

    assert (migrated.exit_code, migrated.stderr, migrated.stdout) == (0, "", said)


@pytest.mark.parametrize("name", ["migrate", "serve"])
def test_tables_of_something_else_are_told_from_an_outage(collab: Collab, tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / "collab.db")) as connection:
        connection.execute("CREATE TABLE documents (a)")

    refused = collab(name, "--data-dir", tmp_path)

    assert refused.returncode == 1
    assert "is no database of Collab's: it has tables ['documents'] of something else" in refused.stderr
    assert "available" not in refused.stderr
    with closing(sqlite3.connect(tmp_path / "collab.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("documents",)]
