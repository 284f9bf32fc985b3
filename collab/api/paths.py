"""Users and documents in paths. A document's name is the whole rest of the path, decoded once, but for what belongs to the document.

ASGI's decoded path cannot tell `a/content` (the content of `a`) from `a%2Fcontent` (a document of that name), so the raw path is routed.
"""

import re
from typing import Annotated, Final
from urllib.parse import quote, unquote_to_bytes

from fastapi import Depends, Path
from starlette.types import ASGIApp, Receive, Scope, Send

from collab.errors import InvalidName, InvalidUserId
from collab.ports import DocumentName
from collab.ports.access import MAX_USER_ID_LENGTH, is_user_id
from collab.protocol.names import check_document_name

DOCUMENTS: Final = "/api/v1/documents"

LARGEST_ID: Final = 2**63 - 1
"""What a database numbers its rows by at the most."""

_SUB_RESOURCE: Final = re.compile(
    r"(?P<name>.+?)/(?P<rest>content|restore|authorship|versions(?:/[0-9]+(?:/(?:content|comparison|restore))?)?"
    r"|members(?:/[^/]+)?|links(?:/[0-9]+)?)",
    re.DOTALL,
)


class RouteByRawPath:
    """Turns the rest of a path behind `/api/v1/documents/` into one segment, still percent-encoded, for the router to match.

    The end of a path that is a document's sub-resource keeps its slashes, unless nothing stands before it or its first slash is encoded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its routable path."""
        if scope["type"] == "http":
            prefix = f"{scope.get('root_path', '')}{DOCUMENTS}/"
            rest = _raw_rest(scope, prefix)
            if rest is not None:
                scope = {**scope, "path": prefix + _as_segments(rest)}
        await self._app(scope, receive, send)


def _raw_rest(scope: Scope, prefix: str) -> str | None:
    """Return what follows the prefix, percent-encoded; `None` where the path has another one."""
    raw_path = scope.get("raw_path") or b""
    raw = raw_path.partition(b"?")[0].decode("latin-1")
    if raw.startswith(prefix):
        return raw[len(prefix) :]
    path: str = scope["path"]
    # a server without raw paths, or a client that percent-encoded the prefix
    return quote(path[len(prefix) :], safe="/") if path.startswith(prefix) else None


def _as_segments(rest: str) -> str:
    found = _SUB_RESOURCE.fullmatch(rest)
    return _as_segment(rest) if found is None else f"{_as_segment(found['name'])}/{found['rest']}"


def _as_segment(name: str) -> str:
    return name.replace("/", "%2F")


def document_path(name: DocumentName) -> str:
    """Return a document's address, with the name as one segment."""
    return f"{DOCUMENTS}/{quote(name, safe='')}"


def document_name(
    name: Annotated[
        str, Path(description="The document's name, percent-encoded; it may hold slashes, encoded or not.")
    ],
) -> DocumentName:
    """Decode a name from the path; a `%` that escapes nothing is itself, as at the WebSocket doors. Raises `InvalidName`."""
    try:
        decoded = unquote_to_bytes(name.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidName(f"the document's name is not UTF-8 once percent-decoded, at byte {error.start}") from None
    return DocumentName(check_document_name(decoded))


NameInPath = Annotated[DocumentName, Depends(document_name)]


def user_in_path(
    user_id: Annotated[
        str, Path(description=f"The user, as `sub` of their tokens: 1 to {MAX_USER_ID_LENGTH} characters, encoded.")
    ],
) -> str:
    """Decode a user from the path, where slashes are encoded. Raises `InvalidUserId`."""
    try:
        decoded = unquote_to_bytes(user_id.encode("latin-1")).decode()
    except UnicodeError:
        raise InvalidUserId("the user in the path is not UTF-8 once percent-decoded") from None
    if not is_user_id(decoded):
        raise InvalidUserId(
            f"a user of {len(decoded)} characters came; expected 1 to {MAX_USER_ID_LENGTH}, none of them a control character"
        )
    return decoded


UserInPath = Annotated[str, Depends(user_in_path)]
