"""Which database a URL means, and what may be said of it aloud."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from collab.errors import SettingsError

_EXPECTED: Final = (
    "expected sqlite:///relative/file, sqlite:////absolute/file or postgresql://user:password@host/database"
)


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A file."""

    path: Path

    def __str__(self) -> str:
        return f"the SQLite database {self.path}"


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database on a server."""

    dsn: str = field(repr=False)
    """As libpq understands it, options and password included."""

    public: str
    """The same without password and options, but for where the server is."""

    def __str__(self) -> str:
        return f"the PostgreSQL database {self.public}"


Address = SqliteAddress | PostgresAddress


def parse_address(url: str) -> Address:
    """Read a database URL. Raises `SettingsError`, which never holds the URL's password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"a database url that cannot be read came; {_EXPECTED}") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return _sqlite_address(parsed)
        case "postgresql" | "postgresql+asyncpg":
            return _postgres_address(parsed)
        case other:
            raise SettingsError(f"a database url that begins with {other}: came; {_EXPECTED}")


def _sqlite_address(url: URL) -> SqliteAddress:
    if url.host or url.username or url.port:
        raise SettingsError(f"an sqlite url with a host came; {_EXPECTED} (three slashes, or four)")
    if url.query:
        raise SettingsError(f"an sqlite url with the option {next(iter(url.query))} came; expected one without options")
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            "an sqlite url without a file came; a database in memory keeps nothing, expected sqlite:///file"
        )
    return SqliteAddress(Path(url.database))


def _postgres_address(url: URL) -> PostgresAddress:
    place = {option: value for option, value in url.query.items() if option in {"host", "port"}}
    public = URL.create("postgresql", url.username, None, url.host, url.port, url.database, place)
    return PostgresAddress(
        dsn=url.set(drivername="postgresql").render_as_string(hide_password=False),
        public=public.render_as_string(),
    )
