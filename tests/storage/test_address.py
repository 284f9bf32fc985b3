from pathlib import Path

import pytest

from collab.errors import SettingsError
from collab.storage.address import PostgresAddress, SqliteAddress, parse_address


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///collab.db", "collab.db"),
        ("sqlite:///data/collab.db", "data/collab.db"),
        ("sqlite:////var/lib/collab.db", "/var/lib/collab.db"),
        ("sqlite+aiosqlite:////var/lib/collab.db", "/var/lib/collab.db"),
        ("sqlite:///with space#and%.db", "with space#and%.db"),
    ],
)
def test_an_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert parse_address(url) == SqliteAddress(Path(path))


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg"])
def test_a_postgresql_url_is_handed_on_whole(scheme: str) -> None:
    address = parse_address(f"{scheme}://someone:p%40ss@db.example:5433/notes?sslmode=require")
    assert isinstance(address, PostgresAddress)
    assert address.dsn == "postgresql://someone:p%40ss@db.example:5433/notes?sslmode=require"


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("postgresql://someone:hush@db:5433/notes", "postgresql://someone@db:5433/notes"),
        ("postgresql://db/notes?password=hush&sslpassword=hush", "postgresql://db/notes"),
        ("postgresql://someone:@/notes?host=%2Frun%2Fpg", "postgresql://someone@/notes?host=%2Frun%2Fpg"),
    ],
)
def test_what_is_said_of_a_postgresql_database_holds_no_password(url: str, public: str) -> None:
    address = parse_address(url)
    assert str(address) == f"the PostgreSQL database {public}"
    assert "hush" not in repr(address)


@pytest.mark.parametrize(
    ("url", "came"),
    [
        ("mysql://someone:hush@db/notes", "begins with mysql: came"),
        ("postgres://someone:hush@db/notes", "begins with postgres: came"),
        ("postgresql+psycopg2://someone:hush@db/notes", r"begins with postgresql\+psycopg2: came"),
        ("sqlite+pysqlcipher://:hush@/notes.db", r"begins with sqlite\+pysqlcipher: came"),
        ("", "cannot be read"),
        ("notes.db", "cannot be read"),
        ("postgresql://someone:hush@db:port/notes", "cannot be read"),
        ("sqlite://notes.db", "an sqlite url with a host"),
        ("sqlite://someone:hush@/notes.db", "an sqlite url with a host"),
        ("sqlite:///notes.db?mode=ro", "the option mode"),
        ("sqlite://", "without a file"),
        ("sqlite:///", "without a file"),
        ("sqlite:///:memory:", "without a file"),
    ],
)
def test_any_other_url_is_refused_with_what_is_expected(url: str, came: str) -> None:
    with pytest.raises(SettingsError, match=f"{came}.*expected") as refusal:
        parse_address(url)
    assert "hush" not in str(refusal.value)
