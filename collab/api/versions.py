"""A document's versions: list, keep, read, compare, restore."""

from typing import Annotated, Final

import anyio
from fastapi import APIRouter, HTTPException, Path, Query, Response

from collab.api.caller import Caller, require
from collab.api.content import (
    COMMIT_TIMEOUT,
    CONTENT_RESPONSES,
    AcceptHeader,
    FormatInQuery,
    content_response,
    negotiated,
)
from collab.api.models import Comparison, LineInfo, NewVersion, Restored, VersionInfo, VersionList
from collab.api.paths import DOCUMENTS, NameInPath
from collab.api.services import ServicesOfApp
from collab.errors import DatabaseUnavailable
from collab.ports import Role, VersionId

router = APIRouter(prefix=DOCUMENTS, tags=["versions"])

MAX_PAGE: Final = 200

_PATH: Final = "/{name}/versions/{version}"
_Number = Annotated[VersionId, Path(ge=1, le=2**63 - 1, description="The version's id.")]
_PREVIOUS: Final = "previous"
_CURRENT: Final = "current"


@router.get("/{name}/versions", summary="List a document's versions", response_description="One page.")
async def list_versions(
    services: ServicesOfApp,
    identity: Caller,
    name: NameInPath,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=1024, description="The last page's `next_cursor`.")] = None,
) -> VersionList:
    """List what the document was, the newest first. The server takes versions by itself while somebody writes."""
    require(identity, name, Role.READER)
    record = await services.documents.get(name)
    try:
        page = await services.versions.page(record.id, limit=limit, cursor=cursor)
    except ValueError:
        raise HTTPException(400, "the cursor is none that a listing gave; expected a `next_cursor`") from None
    return VersionList(versions=[VersionInfo.of(each) for each in page.versions], next_cursor=page.next_cursor)


@router.post(
    "/{name}/versions", status_code=201, summary="Keep a version", response_description="Kept until it is deleted."
)
async def keep_version(services: ServicesOfApp, identity: Caller, name: NameInPath, new: NewVersion) -> VersionInfo:
    """Keep what the document is now under a name. Needs the editor's role."""
    require(identity, name, Role.EDITOR)
    return VersionInfo.of(await services.history.keep(name, new.name, identity.author))


@router.get(_PATH, summary="Look up a version", response_description="The version.")
async def get_version(services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number) -> VersionInfo:
    """Return a version, without its content."""
    require(identity, name, Role.READER)
    record = await services.documents.get(name)
    return VersionInfo.of(await services.versions.get(record.id, version))


@router.patch(_PATH, summary="Name a version", response_description="The version as it is now.")
async def name_version(
    services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number, change: NewVersion
) -> VersionInfo:
    """Give a version a name; an automatic one is kept from then on. Needs the editor's role."""
    require(identity, name, Role.EDITOR)
    record = await services.documents.get(name)
    return VersionInfo.of(await services.versions.rename(record.id, version, change.name))


@router.delete(_PATH, status_code=204, summary="Delete a version", response_description="It is gone for good.")
async def delete_version(services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number) -> None:
    """Delete a version; the document stays as it is. Needs the owner's role."""
    require(identity, name, Role.OWNER)
    record = await services.documents.get(name)
    await services.versions.delete(record.id, version)


@router.get(
    f"{_PATH}/content",
    summary="Read a version's content",
    response_class=Response,
    responses=CONTENT_RESPONSES,
)
async def read_version(
    services: ServicesOfApp,
    identity: Caller,
    name: NameInPath,
    version: _Number,
    format_: FormatInQuery = None,
    accept: AcceptHeader = None,
) -> Response:
    """Return what the document was, in the formats of its content."""
    require(identity, name, Role.READER)
    chosen = format_ or negotiated(accept)
    record = await services.documents.get(name)
    return await content_response(services, await services.versions.state(record.id, version), chosen, record.kind)


@router.get(f"{_PATH}/comparison", summary="Compare two versions", response_description="All lines of both.")
async def compare_version(
    services: ServicesOfApp,
    identity: Caller,
    name: NameInPath,
    version: _Number,
    other: Annotated[
        str,
        Query(
            alias="with",
            pattern=f"^({_PREVIOUS}|{_CURRENT}|[1-9][0-9]{{0,17}})$",
            description=f"`{_PREVIOUS}`, `{_CURRENT}` (the document as it is now), or the id of another version.",
        ),
    ] = _PREVIOUS,
) -> Comparison:
    """Return the lines of two versions, the earlier one first: what was added and what was removed."""
    require(identity, name, Role.READER)
    if other == _CURRENT:
        compared = await services.history.compare_with_now(name, version)
    else:
        number = None if other == _PREVIOUS else VersionId(int(other))
        compared = await services.history.compare(name, version, number)
    return Comparison(
        before=compared.before, after=compared.after, lines=[LineInfo.of(line) for line in compared.lines]
    )


@router.post(f"{_PATH}/restore", summary="Restore a version", response_description="Restored and committed.")
async def restore_version(services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number) -> Restored:
    """Take the document back to a version, for everybody who edits it too, by one edit. Needs the editor's role.

    What the document was before is kept as a version; restoring that one undoes it. What is written meanwhile stays.
    """
    require(identity, name, Role.EDITOR)
    try:
        with anyio.fail_after(COMMIT_TIMEOUT):
            done = await services.history.restore(name, version, identity.author)
    except TimeoutError:
        raise DatabaseUnavailable(f"the restore was not committed within {COMMIT_TIMEOUT:.0f} s") from None
    return Restored(restored=VersionInfo.of(done.version), before=VersionInfo.of(done.before))
