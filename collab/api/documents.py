"""Documents, without their content: create, list, look up, change, delete, restore."""

import secrets
import uuid
from functools import partial
from typing import Annotated, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response

from collab.access import Action
from collab.api.caller import Caller
from collab.api.models import DocumentChange, DocumentInfo, DocumentList, NewDocument, OneLine
from collab.api.paths import DOCUMENTS, NameInPath, document_path
from collab.api.recording import Recording
from collab.api.services import Services, ServicesOfApp
from collab.api.standing import still_may
from collab.content.seed import RichTextFit, rich_text_fit, seed_rich_text
from collab.errors import ContentError
from collab.offloading import offloaded
from collab.ports import AuditAction, DocumentChanges, DocumentKind, DocumentName, Role, StillMay
from collab.protocol.names import check_document_name
from collab.rooms.claims import Origin

router = APIRouter(prefix=DOCUMENTS, tags=["documents"])

MAX_PAGE: Final = 200
_RANDOM_NAME_BYTES: Final = 12
_BLOCK_IDS: Final = uuid.UUID("5a0f3f6e-6b0c-4b57-9a38-0f8f2f7c8d11")
"""The namespace of the first blocks' ids (RFC 9562, version 5)."""

_NEW_DOCUMENT: Final = NewDocument()


@router.post(
    "", status_code=201, summary="Create a document", response_description="Created; `Location` is its address."
)
async def create_document(
    services: ServicesOfApp,
    identity: Caller,
    request: Request,
    response: Response,
    new: NewDocument = _NEW_DOCUMENT,
) -> DocumentInfo:
    """Create a document; one of rich text starts with an empty paragraph.

    Needs the editor's role for its name. Whoever has signed in needs none where they choose no name, and owns the document.
    """
    name = DocumentName(
        secrets.token_urlsafe(_RANDOM_NAME_BYTES) if new.name is None else check_document_name(new.name)
    )
    is_own = new.name is None and services.policy.owns_what_they_make(identity)
    role = Role.OWNER if is_own else await services.policy.check(identity, name, Action.CREATE)
    record = await services.documents.create(
        name,
        kind=new.kind,
        title=new.title,
        update=_seed(name) if new.kind is DocumentKind.RICH_TEXT else None,
        owner=identity.user_id if is_own else None,
    )
    response.headers["Location"] = f"{request.scope.get('root_path', '')}{document_path(name)}"
    return DocumentInfo.of(record, role)


@router.get("", summary="List documents", response_description="One page.")
async def list_documents(
    services: ServicesOfApp,
    identity: Caller,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=1024, description="The last page's `next_cursor`.")] = None,
    q: Annotated[OneLine | None, Query(max_length=255, description="What the title or the name contains.")] = None,
) -> DocumentList:
    """List the documents that the caller may read, the one changed last first. One whose record is damaged is left out."""
    reach = await services.policy.reach(identity)
    if reach.patterns == []:
        return DocumentList(documents=[], next_cursor=None)
    page = await services.documents.page(limit=limit, cursor=cursor, query=q or None, prefixes=reach.patterns)
    granted = [(record, reach.role_in(record.name)) for record in page.documents]
    return DocumentList(
        documents=[DocumentInfo.of(record, role) for record, role in granted if role is not None],
        next_cursor=page.next_cursor,
    )


@router.get("/{name}", summary="Look up a document", response_description="The document.")
async def get_document(services: ServicesOfApp, identity: Caller, name: NameInPath) -> DocumentInfo:
    """Return a document, without its content."""
    role = await services.policy.check(identity, name, Action.READ)
    return DocumentInfo.of(await services.documents.get(name), role)


@router.patch("/{name}", summary="Change a document", response_description="The document as it is now.")
async def change_document(
    services: ServicesOfApp, identity: Caller, name: NameInPath, change: DocumentChange
) -> DocumentInfo:
    """Change a document's title or kind. Needs the editor's role."""
    role = await services.policy.check(identity, name, Action.EDIT)
    record = await services.documents.get(name)
    if change.kind is DocumentKind.RICH_TEXT and record.kind is not DocumentKind.RICH_TEXT:
        await _make_rich_text(services, name, partial(still_may, services, identity, name, Action.EDIT))
        role = await still_may(services, identity, name, Action.EDIT)
    if change.title is not None or change.kind is not None:
        record = await services.documents.change(name, DocumentChanges(title=change.title, kind=change.kind))
    return DocumentInfo.of(record, role)


@router.delete("/{name}", status_code=204, summary="Delete a document", response_description="It is in the trash.")
async def delete_document(services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath) -> None:
    """Put a document into the trash and end its sessions. Needs the owner's role."""
    await services.policy.check(identity, name, Action.DELETE)
    with anyio.CancelScope(shield=True):  # a client that leaves now must not leave sessions in a deleted document
        async with recording.together(partial(services.policy.check, document=name, action=Action.DELETE)):
            await services.documents.delete(name)
            await recording.note(AuditAction.DOCUMENT_DELETED, identity.user_id, document=name)
        await services.rooms.close(name)


@router.post("/{name}/restore", summary="Restore a document", response_description="The document, out of the trash.")
async def restore_document(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath
) -> DocumentInfo:
    """Take the document deleted last under this name out of the trash. Needs the owner's role."""
    role = await services.policy.check(identity, name, Action.RESTORE)
    async with recording.together(partial(services.policy.check, document=name, action=Action.RESTORE)):
        restored = await services.documents.restore(name)
        await recording.note(AuditAction.DOCUMENT_RESTORED, identity.user_id, document=name)
    return DocumentInfo.of(restored, role)


def _seed(name: DocumentName) -> bytes:
    return seed_rich_text(str(uuid.uuid5(_BLOCK_IDS, name)))


async def _make_rich_text(services: Services, name: DocumentName, still: StillMay) -> None:
    """Make sure that the editor can open a document. Raises `ContentError` where it holds something else."""
    state = await services.rooms.read(name)
    fit = await offloaded(len(state), rich_text_fit, state, limiter=services.readers)
    if fit is RichTextFit.OTHER_CONTENT:
        raise ContentError(
            "the document holds other content than rich text; expected an empty one, or one made by the editor"
        )
    if fit is RichTextFit.EMPTY:
        await services.rooms.write(name, _seed(name), origin=Origin.MADE, still=still)
