"""A document's history: naming what it is now, comparing what it was, going back to that, and who wrote it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, TypeVarTuple, Unpack

import structlog
from anyio import CapacityLimiter

from collab.content.comparing import compare
from collab.content.restoring import restoring
from collab.content.seed import RichTextFit, rich_text_fit
from collab.errors import ContentError, CorruptDocument, DocumentNotFound
from collab.offloading import offloaded
from collab.ports import (
    AuthorshipStore,
    DocumentAuthorship,
    DocumentId,
    DocumentKind,
    DocumentName,
    DocumentRecord,
    DocumentStore,
    StillMay,
    Version,
    VersionId,
    VersionKind,
    VersionStore,
)
from collab.protocol.structs import WalkedUpdate
from collab.rooms.claims import Author, Origin
from collab.services.attribution import AttributedLine, attribute
from collab.services.committing import committing
from collab.turns import Turns

log = structlog.get_logger(__name__)

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

EMPTY_STATE: Final = b"\x00\x00"

PIECE_BY_PIECE: Final = 8
"""How much longer a byte takes here than where a state is only folded: every piece of it is placed, in Python."""


class Rooms(Protocol):
    """What history asks of the rooms; as in the hub."""

    async def read(self, name: DocumentName) -> bytes:
        """Return the document's whole state as one update."""
        ...

    async def settle(self, name: DocumentName) -> None:
        """Return when everything received so far for the document is committed."""
        ...

    async def write(
        self,
        name: DocumentName,
        update: bytes,
        author: Author | None = None,
        origin: Origin = Origin.WRITTEN,
        *,
        still: StillMay | None = None,
    ) -> None:
        """Apply an update, if whoever writes still may, and return when it is committed."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions, and what lies between them. `None` before is the empty beginning; after, what the document is now."""

    before: VersionId | None
    after: VersionId | None
    lines: list[AttributedLine]


@dataclass(frozen=True, slots=True)
class Restored:
    """The version that the document was taken back to, and what it was before."""

    version: Version
    before: Version | None
    """`None` where it was all as in the version."""


class History:
    """The history of documents. Every method raises as `DocumentStore.get` and `VersionStore` do.

    What takes its time asks `still` before it changes anything, and raises what that does.
    """

    def __init__(
        self,
        documents: DocumentStore,
        versions: VersionStore,
        authorship: AuthorshipStore,
        rooms: Rooms,
        threads: CapacityLimiter,
        *,
        max_named: int,
    ) -> None:
        """`threads` are those that states are worked through in; `max_named` is how many named versions a document may have."""
        self._documents = documents
        self._versions = versions
        self._authorship = authorship
        self._rooms = rooms
        self._threads = threads
        self._max_named = max_named
        self._restores: Turns[DocumentName] = Turns()

    async def keep(self, name: DocumentName, version_name: str, author: Author | None, still: StillMay) -> Version:
        """Keep what the document is now under a name. Raises `TooManyVersions`."""
        record = await self._documents.get(name)
        await self._rooms.settle(name)
        await still()
        return await self._take(name, record.id, VersionKind.NAMED, version_name, author)

    async def rename(self, name: DocumentName, version: VersionId, version_name: str) -> Version:
        """Give a version a name. Raises `TooManyVersions`."""
        record = await self._documents.get(name)
        return await self._versions.rename(record.id, version, version_name, max_named=self._max_named)

    async def compare(self, name: DocumentName, version: VersionId, other: VersionId | None) -> Compared:
        """Compare a version with another, whichever is the older; with `None`, with the one before it."""
        document = (await self._documents.get(name)).id
        if other is None:
            before, after = await self._versions.before(document, version), version
        else:
            found = [await self._versions.get(document, each) for each in (version, other)]
            before, after = (each.id for each in sorted(found, key=lambda each: (each.created_at, each.id)))
        earlier = EMPTY_STATE if before is None else await self._versions.state(document, before)
        lines = await self._compare(name, document, earlier, await self._versions.state(document, after))
        return Compared(before, after, lines)

    async def compare_with_now(self, name: DocumentName, version: VersionId) -> Compared:
        """Compare a version with what the document is now. Raises as `Rooms.read` does, too."""
        document = (await self._documents.get(name)).id
        lines = await self._compare_with_now(name, document, await self._versions.state(document, version))
        return Compared(version, None, lines)

    async def authorship(self, name: DocumentName) -> list[AttributedLine]:
        """Return what the document is now, and whose each piece of it is. Raises as `Rooms.read` does, too."""
        document = (await self._documents.get(name)).id
        return await self._compare_with_now(name, document, EMPTY_STATE)

    async def _compare_with_now(self, name: DocumentName, document: DocumentId, before: bytes) -> list[AttributedLine]:
        now = await self._rooms.read(name)
        await self._rooms.settle(name)  # then it is known of all of it who delivered it
        await self._check_is_still(name, document)
        return await self._compare(name, document, before, now)

    async def _compare(
        self, name: DocumentName, document: DocumentId, before: bytes, after: bytes
    ) -> list[AttributedLine]:
        authorship = await self._authorship.read(document)
        if authorship.damage is not None:
            log.warning(
                "a record of who wrote a document is damaged; nobody is credited with what it told of",
                document=name,
                error=authorship.damage,
            )
        return await self._offloaded(_compared, before, after, authorship)

    async def restore(self, name: DocumentName, version: VersionId, author: Author | None, still: StillMay) -> Restored:
        """Take the document back to a version, by one edit, after what it is now was kept as a version too; nothing where that is the same.

        What somebody writes meanwhile stays. Nobody is credited with what is written anew: the version says who wrote it.
        The edit is committed on return; a server that is killed before has done all of it or nothing.
        Raises `ContentError` where the document is rich text now, and the version is none.
        """
        async with self._restores.of(name):  # another one, begun meanwhile, would write anew what this one has
            await still()
            return await self._restore(await self._documents.get(name), version, author, still)

    async def _restore(
        self, record: DocumentRecord, version: VersionId, author: Author | None, still: StillMay
    ) -> Restored:
        name, document = record.name, record.id
        target = await self._versions.get(document, version)
        wanted = await self._versions.state(document, version)
        if record.kind is DocumentKind.RICH_TEXT and target.document_kind is not DocumentKind.RICH_TEXT:
            await self._offloaded(_check_rich_text, wanted, version)
        current = await self._rooms.read(name)
        await self._rooms.settle(name)
        update = await self._restoring(current, wanted)
        if update == EMPTY_STATE:
            return Restored(target, None)
        await self._rooms.settle(name)
        before = await self._take(name, document, VersionKind.BEFORE_RESTORE, None, author)
        kept = await self._versions.state(document, before.id)
        if kept != current:  # somebody has written meanwhile; what is kept must be what the edit begins with
            update = await self._restoring(kept, wanted)
        await self._check_is_still(name, document)  # what was read by its id is written by its name
        if update != EMPTY_STATE:
            with committing("the restore"):
                await self._rooms.write(name, update, author, Origin.COPIED, still=still)
        return Restored(target, before)

    async def _check_is_still(self, name: DocumentName, document: DocumentId) -> None:
        """Check that no other document has taken the name meanwhile. Raises `DocumentNotFound`, or `DocumentDeleted`."""
        if (await self._documents.get(name)).id != document:
            raise DocumentNotFound(f"the document {name!r} was deleted meanwhile, and another has its name now")

    async def _restoring(self, current: bytes, wanted: bytes) -> WalkedUpdate:
        return await self._offloaded(_restoring, current, wanted)

    async def _offloaded(self, function: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
        """Work through states where that holds up nobody. Raises `WorkLost`, and what the function does."""
        weight = PIECE_BY_PIECE * sum(len(state) for state in args if isinstance(state, bytes))
        return await offloaded(weight, function, *args, limiter=self._threads)

    async def _take(
        self,
        name: DocumentName,
        document: DocumentId,
        kind: VersionKind,
        version_name: str | None,
        author: Author | None,
    ) -> Version:
        version = await self._versions.take(document, kind, name=version_name, author=author, max_named=self._max_named)
        if version is None:
            raise CorruptDocument(f"no version of {name!r} was kept, though one was asked for")
        return version


def _compared(before: bytes, after: bytes, authorship: DocumentAuthorship) -> list[AttributedLine]:
    return attribute(compare(before, after), authorship)


def _check_rich_text(wanted: bytes, version: VersionId) -> None:
    if rich_text_fit(wanted) is not RichTextFit.FITS:
        raise ContentError(
            f"version {version} is of another kind than the document is now, and holds no rich text that its editor could open; expected"
            " one that does, or the document's kind to be changed to 'yjs' first"
        )


def _restoring(current: bytes, wanted: bytes) -> WalkedUpdate:
    """Write the update under an id that nobody has; one of 53 bits that is drawn at random. Its room need not walk it again."""
    return WalkedUpdate.of(restoring(current, wanted, secrets.randbits(53)))
