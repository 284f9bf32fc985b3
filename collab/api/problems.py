"""Errors as problem details, the one place where they become HTTP statuses. Source: RFC 9457."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from collab import errors

log = structlog.get_logger(__name__)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = {"Retry-After": "1"}


class UnreadBody(HTTPException):
    """An error of ours that ends the reading of a body, where the framework takes every other exception for a body that it cannot parse."""

    def __init__(self, error: errors.CollabError) -> None:
        super().__init__(kind_of(error).status)
        self.error = error


class InvalidField(BaseModel):
    """One thing that is wrong with a request."""

    detail: str
    pointer: str | None = Field(
        default=None, description="Where in the body, as a JSON pointer (RFC 6901) behind a `#`."
    )
    parameter: str | None = Field(default=None, description="Which parameter of the query, the path or the headers.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Which kind of problem, for programs: an address that explains it.")
    title: str = Field(description="The kind of problem, for people.")
    status: int
    detail: str = Field(description="This occurrence of it: what came, and what was expected.")
    errors: list[InvalidField] | None = None


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem; what it says of itself stands on the API's page under its slug."""

    slug: str
    status: HTTPStatus
    title: str
    headers: Mapping[str, str] | None = None

    @property
    def type(self) -> str:
        """The address that explains it; there is none where the status says everything (RFC 9457, section 4.2.1)."""
        return f"/api/docs#{self.slug}" if self.slug else "about:blank"


_UNAVAILABLE: Final = ProblemKind(
    "unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer now", RETRY_AFTER
)
_INTERNAL: Final = ProblemKind("internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed in the server")
INVALID: Final = ProblemKind("invalid-request", HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not as expected")

KINDS: Final[Mapping[type[errors.CollabError], ProblemKind]] = {
    errors.InvalidName: ProblemKind("invalid-name", HTTPStatus.BAD_REQUEST, "Not a name that a document can have"),
    errors.InvalidCursor: ProblemKind("invalid-cursor", HTTPStatus.BAD_REQUEST, "Not a `next_cursor` of this listing"),
    errors.ProtocolError: ProblemKind("invalid-bytes", HTTPStatus.BAD_REQUEST, "The bytes are not as expected"),
    errors.Unauthenticated: ProblemKind(
        "unauthenticated", HTTPStatus.UNAUTHORIZED, "A valid access token is needed", {"WWW-Authenticate": "Bearer"}
    ),
    errors.IdentityUnavailable: ProblemKind(
        "identity-unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Tokens cannot be verified now", RETRY_AFTER
    ),
    errors.Forbidden: ProblemKind("forbidden", HTTPStatus.FORBIDDEN, "This is not yours to do"),
    errors.DocumentNotFound: ProblemKind("document-not-found", HTTPStatus.NOT_FOUND, "There is no such document"),
    errors.VersionNotFound: ProblemKind("version-not-found", HTTPStatus.NOT_FOUND, "There is no such version"),
    errors.TooManyVersions: ProblemKind(
        "too-many-versions", HTTPStatus.CONFLICT, "The document has as many named versions as it may"
    ),
    errors.MemberNotFound: ProblemKind("member-not-found", HTTPStatus.NOT_FOUND, "There is no such member"),
    errors.TooManyMembers: ProblemKind(
        "too-many-members", HTTPStatus.CONFLICT, "The document has as many members as it may"
    ),
    errors.LastOwner: ProblemKind("last-owner", HTTPStatus.CONFLICT, "This is the only owner"),
    errors.LinkNotFound: ProblemKind("link-not-found", HTTPStatus.NOT_FOUND, "There is no such share link"),
    errors.TooManyLinks: ProblemKind("too-many-links", HTTPStatus.CONFLICT, "The document has as many links as it may"),
    errors.WorkspaceNotFound: ProblemKind("workspace-not-found", HTTPStatus.NOT_FOUND, "There is no such workspace"),
    errors.WorkspaceExists: ProblemKind("workspace-exists", HTTPStatus.CONFLICT, "The name is taken"),
    errors.KeyNotFound: ProblemKind("key-not-found", HTTPStatus.NOT_FOUND, "There is no such key"),
    errors.TooManyKeys: ProblemKind("too-many-keys", HTTPStatus.CONFLICT, "There are as many keys as there may be"),
    errors.InvalidScope: ProblemKind("invalid-scope", HTTPStatus.UNPROCESSABLE_ENTITY, "Not what a key can be for"),
    errors.InvalidExpiry: ProblemKind("invalid-expiry", HTTPStatus.UNPROCESSABLE_ENTITY, "Not a time to come"),
    errors.AccountNotFound: ProblemKind("account-not-found", HTTPStatus.NOT_FOUND, "There is no such account"),
    errors.SignInFailed: ProblemKind("sign-in-failed", HTTPStatus.FORBIDDEN, "The e-mail or the password is wrong"),
    errors.SignInDelayed: ProblemKind(
        "sign-in-delayed", HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts to sign in failed"
    ),
    errors.InvalidEmail: ProblemKind("invalid-email", HTTPStatus.UNPROCESSABLE_ENTITY, "Not an e-mail address"),
    errors.InvalidProfile: ProblemKind(
        "invalid-profile", HTTPStatus.UNPROCESSABLE_ENTITY, "Not a colour, or not the address of a picture"
    ),
    errors.EmailTaken: ProblemKind("email-taken", HTTPStatus.CONFLICT, "Another account has this e-mail"),
    errors.UnfitPassword: ProblemKind("unfit-password", HTTPStatus.UNPROCESSABLE_ENTITY, "Not a password to take"),
    errors.TicketSpent: ProblemKind("ticket-spent", HTTPStatus.GONE, "This link is good no more"),
    errors.LastAdmin: ProblemKind("last-admin", HTTPStatus.CONFLICT, "This is the only admin"),
    errors.NoSingleSignOn: ProblemKind("no-single-sign-on", HTTPStatus.NOT_FOUND, "This server has no single sign-on"),
    errors.IdentityTaken: ProblemKind("identity-taken", HTTPStatus.CONFLICT, "Linked to another account"),
    errors.LastWayIn: ProblemKind("last-way-in", HTTPStatus.CONFLICT, "The account would have no way in"),
    errors.NoAccounts: ProblemKind("no-accounts", HTTPStatus.NOT_FOUND, "This server has no accounts"),
    errors.InvalidUserId: ProblemKind("invalid-user-id", HTTPStatus.BAD_REQUEST, "Not an id that a user can have"),
    errors.DocumentExists: ProblemKind("document-exists", HTTPStatus.CONFLICT, "The name is taken"),
    errors.DocumentDeleted: ProblemKind("document-deleted", HTTPStatus.GONE, "The document is in the trash"),
    errors.ContentError: ProblemKind(
        "unfit-content", HTTPStatus.CONFLICT, "The document's content does not allow this"
    ),
    errors.UpdateError: ProblemKind("invalid-update", HTTPStatus.UNPROCESSABLE_ENTITY, "Not a Yjs update"),
    errors.LimitExceeded: ProblemKind(
        "limit-exceeded", HTTPStatus.TOO_MANY_REQUESTS, "The server takes no more of this now", RETRY_AFTER
    ),
    errors.RateExceeded: ProblemKind(
        "rate-exceeded", HTTPStatus.TOO_MANY_REQUESTS, "Requests come faster than they may"
    ),
    errors.WorkLost: ProblemKind(
        "work-lost", HTTPStatus.SERVICE_UNAVAILABLE, "The work on this was interrupted", RETRY_AFTER
    ),
    errors.ServerBusy: ProblemKind(
        "busy", HTTPStatus.SERVICE_UNAVAILABLE, "The server has as much under way as it may", RETRY_AFTER
    ),
    errors.ServerDraining: ProblemKind(
        "draining", HTTPStatus.SERVICE_UNAVAILABLE, "The server is going down", RETRY_AFTER
    ),
    errors.CorruptDocument: ProblemKind(
        "corrupt-document", HTTPStatus.INTERNAL_SERVER_ERROR, "What is stored of the document cannot be loaded"
    ),
    errors.StorageError: _UNAVAILABLE,
    errors.CollabError: _INTERNAL,
}
"""What each error is to a client; an error that is not listed is what its nearest ancestor is."""

_TOLD_IN_FULL: Final = HTTPStatus.INTERNAL_SERVER_ERROR
"""From here on the message of an error is for the log: it may tell of the inside."""

_TOLD_ANYWAY: Final = (errors.ServerBusy, errors.ServerDraining, errors.IdentityUnavailable)


def plain_kind(status: HTTPStatus) -> ProblemKind:
    """Return the kind of problem that a status alone tells of."""
    return ProblemKind("", status, status.phrase)


_DETAILS: Final = {
    "Not Found": "there is nothing at this path",
    "Method Not Allowed": "this path does not take this method; expected one of those in `Allow`",
    "There was an error parsing the body": "the body cannot be parsed; expected JSON in UTF-8",
}
"""What the framework says in our words."""


def kind_of(error: errors.CollabError) -> ProblemKind:
    """Return which kind of problem an error is."""
    return next(KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS)


def problem_response(error: errors.CollabError) -> Response:
    """Answer with an error of ours; what failed inside is logged and not told."""
    kind = kind_of(error)
    if kind.status < _TOLD_IN_FULL or isinstance(error, _TOLD_ANYWAY):
        wait = {"Retry-After": str(ceil(error.wait))} if isinstance(error, errors.RateExceeded) else None
        return respond(kind, str(error), headers=wait)
    log.warning("request failed", problem=kind.slug, error=str(error))
    return respond(kind, "the server's log tells more; try again later")


def internal_problem() -> Response:
    """Answer when something failed that nobody expected."""
    return respond(_INTERNAL, "the server's log tells more")


def respond(
    kind: ProblemKind,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    invalid: Sequence[InvalidField] | None = None,
) -> Response:
    """Answer with a problem."""
    problem = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        errors=list(invalid) if invalid is not None else None,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=kind.status,
        headers={"Cache-Control": "no-store", **(kind.headers or {}), **(headers or {})},
        media_type=PROBLEM_MEDIA_TYPE,
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the application be answered as a problem."""
    app.add_exception_handler(errors.CollabError, _on_collab_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)


async def _on_collab_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, errors.CollabError):
        raise error
    return problem_response(error)


async def _on_http_exception(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error, UnreadBody):
        return problem_response(error.error)
    kind = plain_kind(HTTPStatus(error.status_code))
    return respond(kind, _DETAILS.get(error.detail, error.detail), headers=error.headers)


async def _on_invalid_request(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    invalid = [_invalid_field(found) for found in error.errors()]
    return respond(INVALID, "; ".join(field.detail for field in invalid), invalid=invalid)


def _invalid_field(found: Mapping[str, Any]) -> InvalidField:
    """Name the place and the expectation, and not the value, which may be long or secret."""
    if found["type"] == "json_invalid":
        _, position = found["loc"]
        return InvalidField(
            detail=f"the body: no JSON from character {position + 1} on; expected JSON in UTF-8", pointer="#"
        )
    where, *path = [str(part) for part in found["loc"]]
    expected = str(found["msg"]).removeprefix("Value error, ")
    expected = expected[:1].lower() + expected[1:]
    if where == "body":
        pointer = "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
        return InvalidField(detail=f"{'.'.join(path) or 'the body'}: {expected}", pointer=pointer)
    parameter = ".".join(path)
    return InvalidField(detail=f"{parameter}: {expected}", parameter=parameter)
