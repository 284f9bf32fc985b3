"""How an error ends a WebSocket: its HTTP status before the upgrade, its close code after it.

Clients of y-websocket 3.1 and later take 4400-4499 as final and come back after any other code; earlier ones, and Hocuspocus providers,
come back after nearly all. So a code of 44xx is for what another try cannot mend, and never for a timeout; what breaks the WebSocket
itself has the codes of RFC 6455. Before the upgrade every client backs off, which is why refusals belong there.
"""

from dataclasses import dataclass
from typing import Final

from collab.errors import (
    CollabError,
    CorruptDocument,
    DocumentDeleted,
    DocumentNotFound,
    Forbidden,
    FramingError,
    IdentityUnavailable,
    InvalidName,
    LimitExceeded,
    MessageTooLarge,
    PeerTimeout,
    ProtocolError,
    ServerBusy,
    ServerDraining,
    StorageError,
    Unauthenticated,
    UpdateError,
    WorkLost,
)

MAX_REASON_BYTES: Final = 123
"""RFC 6455, section 5.5: a control frame carries 125 bytes, two of which are the code."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What an error means to a WebSocket."""

    status: int
    code: int


_ENDINGS: Final[tuple[tuple[type[CollabError], Ending], ...]] = (
    (FramingError, Ending(400, 1002)),
    (MessageTooLarge, Ending(413, 1009)),
    (ProtocolError, Ending(400, 4400)),
    (InvalidName, Ending(400, 4400)),
    (UpdateError, Ending(400, 4400)),
    (Unauthenticated, Ending(401, 4401)),
    (Forbidden, Ending(403, 4403)),
    (DocumentNotFound, Ending(404, 4404)),
    (DocumentDeleted, Ending(410, 4410)),
    (LimitExceeded, Ending(429, 1008)),
    (PeerTimeout, Ending(503, 1001)),
    (WorkLost, Ending(503, 1013)),
    (ServerBusy, Ending(503, 1013)),
    (ServerDraining, Ending(503, 1012)),
    (CorruptDocument, Ending(500, 1013)),
    (StorageError, Ending(503, 1013)),
    (IdentityUnavailable, Ending(503, 1013)),
)
_UNEXPECTED: Final = Ending(500, 1011)


def ending_of(error: BaseException) -> Ending:
    """Return how this error ends a WebSocket."""
    for kind, ending in _ENDINGS:
        if isinstance(error, kind):
            return ending
    return _UNEXPECTED


def words_of(error: BaseException) -> str:
    """Return what to tell the client: nothing of what went wrong inside, nor of where documents are kept."""
    if isinstance(error, CorruptDocument):
        return "what is stored of this document cannot be read; it is kept as it is until somebody has mended it"
    if isinstance(error, StorageError):
        return "the documents cannot be reached; come back in a moment"
    if isinstance(error, WorkLost):
        return "the work on this was interrupted; come back in a moment"
    return str(error) if isinstance(error, CollabError) else "internal error"


def reason_of(error: BaseException) -> str:
    """Return what to say with the close code: as much as a control frame holds."""
    reason = words_of(error)
    while len(reason.encode()) > MAX_REASON_BYTES:
        reason = reason[: len(reason) - 1 - (len(reason.encode()) - MAX_REASON_BYTES) // 4]
    return reason
