"""A document's content: as a Yjs update, as JSON, as plain text; and merging a Yjs update into it."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response

from collab.access import Action
from collab.api.caller import Caller
from collab.api.negotiation import preferred_type
from collab.api.paths import DOCUMENTS, NameInPath
from collab.api.recording import Recording
from collab.api.services import Services, ServicesOfApp
from collab.api.standing import still_may
from collab.content.generic import roots_json
from collab.content.plain import plain_text, plain_text_of_roots
from collab.content.prosemirror import document_json
from collab.content.written import json_bytes, text_bytes
from collab.offloading import offloaded
from collab.ports import AuditAction, DocumentKind
from collab.services.committing import committing

router = APIRouter(prefix=DOCUMENTS, tags=["content"])

Format = Literal["json", "update", "text"]

_UPDATE: Final = "application/octet-stream"
_YJS_UPDATE: Final = "application/vnd.yjs.update"
_FORMATS: Final[dict[str, Format]] = {
    "application/json": "json",
    _UPDATE: "update",
    _YJS_UPDATE: "update",
    "text/plain": "text",
}
_MEDIA_TYPES: Final[dict[Format, str]] = {
    "json": "application/json",
    "update": _UPDATE,
    "text": "text/plain; charset=utf-8",
}
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}

FormatInQuery = Annotated[Format | None, Query(alias="format", description="Goes before `Accept`.")]
AcceptHeader = Annotated[str | None, Header(include_in_schema=False)]

CONTENT_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The content: the whole state as a Yjs update (v1), JSON, or plain text.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            _UPDATE: _BINARY,
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}
"""What an endpoint that gives content may answer."""


@router.get(
    "/{name}/content",
    summary="Read a document's content",
    response_class=Response,
    responses=CONTENT_RESPONSES,
)
async def read_content(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    format_: FormatInQuery = None,
    accept: AcceptHeader = None,
) -> Response:
    """Return the content as those who edit it see it now.

    JSON is the ProseMirror document of rich text, and of any other document an object of its roots. Without a preference it is JSON.
    """
    await services.policy.check(identity, name, Action.READ)
    chosen = format_ or negotiated(accept)
    record = await services.documents.get(name)
    state = await services.rooms.read(name)
    await still_may(services, identity, name, Action.READ)  # what is heavy has waited for its turn
    await recording.note(AuditAction.DOCUMENT_EXPORTED, identity.user_id, document=name, format=chosen)
    return await content_response(services, state, chosen, record.kind)


@router.post(
    "/{name}/content",
    status_code=204,
    summary="Merge a Yjs update into a document",
    response_description="Merged and committed.",
    openapi_extra={"requestBody": {"required": True, "content": {_UPDATE: _BINARY, _YJS_UPDATE: _BINARY}}},
)
async def merge_content(services: ServicesOfApp, identity: Caller, name: NameInPath, request: Request) -> None:
    """Merge a Yjs update (v1), for everybody who edits the document too. Answers once it is committed. Needs the editor's role."""
    await services.policy.check(identity, name, Action.EDIT)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {_UPDATE, _YJS_UPDATE}:
        raise HTTPException(415, f"the body has another media type; expected {_UPDATE} or {_YJS_UPDATE}")
    update = await request.body()
    still = partial(still_may, services, identity, name, Action.EDIT)  # the body may have taken a minute
    with committing("an update"):
        await services.rooms.write(name, update, identity.author, still=still)


async def content_response(services: Services, state: bytes, chosen: Format, kind: DocumentKind) -> Response:
    """Answer with a state in a format."""
    if chosen == "update":
        body = state
    else:
        body = await offloaded(len(state), _WRITERS[chosen, kind], state, limiter=services.readers)
    return Response(body, media_type=_MEDIA_TYPES[chosen], headers={"Vary": "Accept", "Cache-Control": "no-store"})


def negotiated(accept: str | None) -> Format:
    """Return the format that an `Accept` header prefers. Raises 406."""
    media_type = preferred_type(accept, list(_FORMATS))
    if media_type is None:
        raise HTTPException(
            406, f"none of the accepted media types can be given; expected one of {', '.join(_FORMATS)}"
        )
    return _FORMATS[media_type]


_WRITERS: Final[dict[tuple[Format, DocumentKind], Callable[[bytes], bytes]]] = {
    ("json", DocumentKind.RICH_TEXT): partial(json_bytes, document_json),
    ("json", DocumentKind.YJS): partial(json_bytes, roots_json),
    ("text", DocumentKind.RICH_TEXT): partial(text_bytes, plain_text),
    ("text", DocumentKind.YJS): partial(text_bytes, plain_text_of_roots),
}
