"""What the database and its drivers raise becomes Collab's errors here, and nowhere else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from asyncpg import exceptions
from sqlalchemy import exc

from collab.errors import CorruptDocument, DatabaseUnavailable, StorageError
from collab.storage.address import Address

_NO_TEXT: Final = "Could not decode to UTF-8"
"""What SQLite's driver says of a column whose text is none, which it takes for a failure of the database."""


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn what a database raises into `DatabaseUnavailable`, or `StorageError` where trying again cannot help.

    Text that is none is `CorruptDocument`. The message names the database, without its password, and gives its own words.
    """
    try:
        yield
    except (exc.IntegrityError, exc.DataError) as error:
        raise StorageError(f"{address} refuses what it was given: {_words(error)}") from error
    except exc.TimeoutError as error:
        raise DatabaseUnavailable(f"{address} is busy: no connection became free in time") from error
    except TimeoutError as error:
        raise DatabaseUnavailable(f"{address} does not answer in time") from error
    except (
        exc.DBAPIError,
        sqlite3.Error,
        exceptions.PostgresError,
        exceptions.InterfaceError,
        exceptions.InternalClientError,
        OSError,
    ) as error:
        if is_of_no_text(error):
            raise CorruptDocument(f"{address} holds text that is none: {_words(error)}") from error
        raise DatabaseUnavailable(f"{address} is not available: {_words(error)}") from error


def is_of_no_text(error: Exception) -> bool:
    """Tell whether a column could not be read for holding text that is no UTF-8, as SQLite lets it."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) and _NO_TEXT in str(cause)


def _words(error: Exception) -> str:
    """Return the driver's own words, without the statement and parameters that SQLAlchemy adds."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return str(error.orig.__cause__ or error.orig)
    return str(error) or type(error).__name__
