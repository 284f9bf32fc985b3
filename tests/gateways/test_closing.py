"""Every error's status and close code, in both directions of what a client does with them."""

import pytest

from collab import errors
from collab.errors import (
    CollabError,
    CorruptDocument,
    DatabaseUnavailable,
    DocumentDeleted,
    DocumentNotFound,
    Forbidden,
    FramingError,
    InvalidName,
    LimitExceeded,
    ProtocolError,
    Unauthenticated,
    UpdateError,
    WorkLost,
)
from collab.gateways.closing import MAX_REASON_BYTES, ending_of, reason_of


def leaves(kind: type[CollabError]) -> list[type[CollabError]]:
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in leaves(each)] if below else [kind]


RAISED_AT_A_DOOR = [kind for kind in leaves(CollabError) if kind.__module__ == errors.__name__]
FINAL = (ProtocolError, InvalidName, UpdateError, Unauthenticated, Forbidden, DocumentNotFound, DocumentDeleted)


@pytest.mark.parametrize("kind", RAISED_AT_A_DOOR, ids=lambda kind: kind.__name__)
def test_only_what_another_try_cannot_mend_has_a_final_code(kind: type[CollabError]) -> None:
    """Clients of y-websocket 3.1 and later give up after 4400 to 4499."""
    is_final = issubclass(kind, FINAL) and not issubclass(kind, FramingError)  # whose code RFC 6455 gives

    assert (4400 <= ending_of(kind("")).code <= 4499) is is_final


@pytest.mark.parametrize("kind", RAISED_AT_A_DOOR, ids=lambda kind: kind.__name__)
def test_status_tells_whose_fault_it_is(kind: type[CollabError]) -> None:
    ending = ending_of(kind(""))

    assert (400 <= ending.status < 500) is issubclass(kind, (*FINAL, LimitExceeded))


def test_bug_is_an_internal_error_and_says_nothing() -> None:
    error = ZeroDivisionError("secret detail")

    assert (ending_of(error).status, ending_of(error).code, reason_of(error)) == (500, 1011, "internal error")


def test_work_that_was_lost_is_to_be_tried_again_and_tells_of_no_process() -> None:
    error = WorkLost("the process that was to prepare ended with -9 before it was done")

    assert (ending_of(error).status, ending_of(error).code) == (503, 1013)
    assert "process" not in reason_of(error)


def test_reason_is_the_errors_own_words() -> None:
    assert reason_of(ProtocolError("a frame came; expected another")) == "a frame came; expected another"


def test_reason_does_not_tell_where_the_database_is() -> None:
    assert "db.internal" not in reason_of(DatabaseUnavailable("postgresql://db.internal/collab is not available"))


def test_reason_of_what_cannot_be_read_says_that_it_is_kept_and_not_where() -> None:
    reason = reason_of(CorruptDocument("row 2 of its log has the checksum 7, in /srv/collab.db"))

    assert reason == (
        "what is stored of this document cannot be read; it is kept as it is until somebody has mended it"
    )


@pytest.mark.parametrize(
    "text", ["x" * 1000, "語" * 1000, "😀" * 1000, "é" + "x" * 122, "x" * 123], ids=lambda text: text[:2]
)
def test_reason_fits_into_a_control_frame(text: str) -> None:
    reason = reason_of(ProtocolError(text))

    assert text.startswith(reason)
    assert MAX_REASON_BYTES - 8 < len(reason.encode()) <= MAX_REASON_BYTES
