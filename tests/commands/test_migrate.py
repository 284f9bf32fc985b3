"""`collab migrate` says from where to where it brought the schema."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from typer.testing import CliRunner

from collab.cli import app
from collab.storage.migrations import migrations_directory, needed_revision


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
