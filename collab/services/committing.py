"""What somebody who waits for a commit is told when it takes too long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from anyio import fail_after

from collab.errors import DatabaseUnavailable
from collab.settings import SECONDS

COMMIT_TIMEOUT: Final = 30 * SECONDS
"""After this a writer hears that the database does not answer; the room keeps the update, and sending it again is harmless."""


@contextmanager
def committing(what: str) -> Iterator[None]:
    """Give the body `COMMIT_TIMEOUT`. Raises `DatabaseUnavailable`."""
    try:
        with fail_after(COMMIT_TIMEOUT):
            yield
    except TimeoutError:
        raise DatabaseUnavailable(f"{what} was not committed within {COMMIT_TIMEOUT:.0f} s") from None
