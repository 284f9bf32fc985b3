"""A document's versions: list, keep, read, compare, restore."""

from functools import partial
from typing import Annotated, Final, Literal, get_args

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from collab.access import Action
from collab.api.caller import Caller
from collab.api.comparisons import Comparison, LineInfo
from collab.api.content import (
    CONTENT_RESPONSES,
    AcceptHeader,
    FormatInQuery,
    content_response,
    negotiated,
)
from collab.api.models import NewVersion, Restored, VersionInfo, VersionList
from collab.api.paths import DOCUMENTS, LARGEST_ID, NameInPath
from collab.api.recording import Recording
from collab.api.services import ServicesOfApp
from collab.api.standing import still_may
from collab.ports import AuditAction, VersionId

router = APIRouter(prefix=DOCUMENTS, tags=["versions"])

MAX_PAGE: Final = 200

_PATH: Final = "/{name}/versions/{version}"
_Number = Annotated[VersionId, Path(ge=1, le=LARGEST_ID, description="The version's id.")]
_Relative = Literal["previous", "current"]


def _in_one_sentence(text: str, validated: ValidatorFunctionWrapHandler) -> _Relative | VersionId:
    """Say what is expected once, where the framework would say it for each kind of value; an id is digits alone, as in a path."""
    try:
        if text in get_args(_Relative) or (text.isascii() and text.isdecimal()):
            other: _Relative | VersionId = validated(text)
            return other
    except ValidationError:
        pass
    raise ValueError(f"expected `previous`, `current`, or an id from 1 to {LARGEST_ID}")


_Other = Annotated[
    _Relative | Annotated[VersionId, Field(ge=1, le=LARGEST_ID)],
    WrapValidator(_in_one_sentence),
    Query(
        alias="with",
        description="`previous`, `current` (the document as it is now), or the id of another version.",
    ),
]


@router.get("/{name}/versions", summary="List a document's versions", response_description="One page.")
async def list_versions(
    services: ServicesOfApp,
    identity: Caller,
    name: NameInPath,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=1024, description="The last page's `next_cursor`.")] = None,
) -> VersionList:
    """List what the document was, the newest first. The server takes versions by itself while somebody writes.

    A version that is damaged is left out.
    """
    await services.policy.check(identity, name, Action.READ)
    record = await services.documents.get(name)
    page = await services.versions.page(record.id, limit=limit, cursor=cursor)
    return VersionList(versions=[VersionInfo.of(each) for each in page.versions], next_cursor=page.next_cursor)


@router.post(
    "/{name}/versions", status_code=201, summary="Keep a version", response_description="Kept until it is deleted."
)
async def keep_version(services: ServicesOfApp, identity: Caller, name: NameInPath, new: NewVersion) -> VersionInfo:
    """Keep what the document is now under a name. Needs the editor's role. Answers 409 where it has as many named versions as it may."""
    await services.policy.check(identity, name, Action.EDIT)
    still = partial(still_may, services, identity, name, Action.EDIT)
    return VersionInfo.of(await services.history.keep(name, new.name, identity.author, still))


@router.get(_PATH, summary="Look up a version", response_description="The version.")
async def get_version(services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number) -> VersionInfo:
    """Return a version, without its content."""
    await services.policy.check(identity, name, Action.READ)
    record = await services.documents.get(name)
    return VersionInfo.of(await services.versions.get(record.id, version))


@router.patch(_PATH, summary="Name a version", response_description="The version as it is now.")
async def name_version(
    services: ServicesOfApp, identity: Caller, name: NameInPath, version: _Number, change: NewVersion
) -> VersionInfo:
    """Give a version a name; it is kept from then on. Needs the editor's role. Answers 409 as keeping one does."""
    await services.policy.check(identity, name, Action.EDIT)
    return VersionInfo.of(await services.history.rename(name, version, change.name))


@router.delete(_PATH, status_code=204, summary="Delete a version", response_description="It is gone for good.")
async def delete_version(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath, version: _Number
) -> None:
    """Delete a version; the document stays as it is. Needs the owner's role."""
    await services.policy.check(identity, name, Action.DISCARD_VERSION)
    record = await services.documents.get(name)
    async with recording.together(partial(services.policy.check, document=name, action=Action.DISCARD_VERSION)):
        await services.versions.delete(record.id, version)
        await recording.note(
            AuditAction.VERSION_DISCARDED, identity.user_id, document=name, subject=f"version:{version}"
        )


@router.get(
    f"{_PATH}/content",
    summary="Read a version's content",
    response_class=Response,
    responses=CONTENT_RESPONSES,
)
async def read_version(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    version: _Number,
    format_: FormatInQuery = None,
    accept: AcceptHeader = None,
) -> Response:
    """Return what the document was, in the formats of its content; of the kind that it had then."""
    await services.policy.check(identity, name, Action.READ)
    chosen = format_ or negotiated(accept)
    record = await services.documents.get(name)
    kind = (await services.versions.get(record.id, version)).document_kind
    state = await services.versions.state(record.id, version)
    await recording.note(
        AuditAction.DOCUMENT_EXPORTED, identity.user_id, document=name, subject=f"version:{version}", format=chosen
    )
    return await content_response(services, state, chosen, kind)


@router.get(f"{_PATH}/comparison", summary="Compare two versions", response_description="All lines of both.")
async def compare_version(
    services: ServicesOfApp,
    identity: Caller,
    recording: Recording,
    name: NameInPath,
    version: _Number,
    other: _Other = "previous",
) -> Comparison:
    """Return the lines of two versions, the earlier one first: what was added, removed and changed, from which value to which, by whom.

    Answers 409 where they are more than are read of one document.
    """
    await services.policy.check(identity, name, Action.READ)
    if other == "current":
        compared = await services.history.compare_with_now(name, version)
    else:
        compared = await services.history.compare(name, version, None if other == "previous" else other)
    await still_may(services, identity, name, Action.READ)
    await recording.note(
        AuditAction.DOCUMENT_EXPORTED,
        identity.user_id,
        document=name,
        subject=f"version:{version}",
        format="comparison",
    )
    return Comparison(
        before=compared.before, after=compared.after, lines=[LineInfo.of(line) for line in compared.lines]
    )


@router.post(f"{_PATH}/restore", summary="Restore a version", response_description="Restored and committed.")
async def restore_version(
    services: ServicesOfApp, identity: Caller, recording: Recording, name: NameInPath, version: _Number
) -> Restored:
    """Take the document back to a version, for everybody who edits it too, by one edit. Needs the editor's role.

    What the document was before is kept as a version for a week; restoring that one undoes it. What is written meanwhile stays.
    A rich-text document cannot be taken back to what was no rich text (409); change its kind to `yjs` for that.
    """
    await services.policy.check(identity, name, Action.EDIT)
    still = partial(still_may, services, identity, name, Action.EDIT)
    done = await services.history.restore(name, version, identity.author, still)
    await recording.note(AuditAction.VERSION_RESTORED, identity.user_id, document=name, subject=f"version:{version}")
    before = None if done.before is None else VersionInfo.of(done.before)
    return Restored(restored=VersionInfo.of(done.version), before=before)
