"""What the database and its drivers raise becomes Collab's errors here, and nowhere else."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import exceptions
from sqlalchemy import exc

from collab.errors import DatabaseUnavailable, StorageError
from collab.storage.address import Address


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn what a database raises into `DatabaseUnavailable`, or `StorageError` where trying again cannot help.

    The message names the database, without its password, and gives its own words.
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
        raise DatabaseUnavailable(f"{address} is not available: {_words(error)}") from error


def _words(error: Exception) -> str:
    """Return the driver's own words, without the statement and parameters that SQLAlchemy adds."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return str(error.orig.__cause__ or error.orig)
    return str(error) or type(error).__name__
