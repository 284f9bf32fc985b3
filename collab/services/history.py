"""A document's history: naming what it is now, comparing what it was, going back to that, and who wrote it."""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from anyio import CapacityLimiter, to_thread

from collab.content.comparing import compare
from collab.content.restoring import restoring
from collab.errors import CorruptDocument
from collab.ports import (
    AuthorshipStore,
    DocumentAuthorship,
    DocumentId,
    DocumentName,
    DocumentStore,
    Version,
    VersionId,
    VersionKind,
    VersionStore,
)
from collab.rooms.claims import Author
from collab.services.attribution import AttributedLine, attribute

EMPTY_STATE: Final = b"\x00\x00"


class Rooms(Protocol):
    """What history asks of the rooms; as in the hub."""

    async def read(self, name: DocumentName) -> bytes:
        """Return the document's whole state as one update."""
        ...

    async def settle(self, name: DocumentName) -> None:
        """Return when everything received so far for the document is committed."""
        ...

    async def write(self, name: DocumentName, update: bytes, author: Author | None = None) -> None:
        """Apply an update, and return when it is committed."""
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
    before: Version


class History:
    """The history of documents. Every method raises as `DocumentStore.get` and `VersionStore` do."""

    def __init__(
        self,
        documents: DocumentStore,
        versions: VersionStore,
        authorship: AuthorshipStore,
        rooms: Rooms,
        threads: CapacityLimiter,
    ) -> None:
        """`threads` are those that states are worked through in."""
        self._documents = documents
        self._versions = versions
        self._authorship = authorship
        self._rooms = rooms
        self._threads = threads

    async def keep(self, name: DocumentName, version_name: str, author: Author | None) -> Version:
        """Keep what the document is now under a name."""
        record = await self._documents.get(name)
        return await self._take(name, record.id, VersionKind.NAMED, version_name, author)

    async def compare(self, name: DocumentName, version: VersionId, other: VersionId | None) -> Compared:
        """Compare a version with another, whichever is the older; with `None`, with the one before it."""
        document = (await self._documents.get(name)).id
        if other is None:
            before, after = await self._versions.before(document, version), version
        else:
            found = [await self._versions.get(document, each) for each in (version, other)]
            before, after = (each.id for each in sorted(found, key=lambda each: (each.created_at, each.id)))
        earlier = EMPTY_STATE if before is None else await self._versions.state(document, before)
        lines = await self._compare(document, earlier, await self._versions.state(document, after))
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
        return await self._compare(document, before, now)

    async def _compare(self, document: DocumentId, before: bytes, after: bytes) -> list[AttributedLine]:
        authorship = await self._authorship.read(document)
        return await to_thread.run_sync(_compared, before, after, authorship, limiter=self._threads)

    async def restore(self, name: DocumentName, version: VersionId, author: Author | None) -> Restored:
        """Take the document back to a version, by one edit, after what it is now was kept as a version too.

        What somebody writes meanwhile stays. The edit is committed on return; a server that is killed before has done all of it or nothing.
        """
        document = (await self._documents.get(name)).id
        target = await self._versions.get(document, version)
        wanted = await self._versions.state(document, version)
        before = await self._take(name, document, VersionKind.BEFORE_RESTORE, None, author)
        current = await self._versions.state(document, before.id)
        update = await to_thread.run_sync(_restoring, current, wanted, limiter=self._threads)
        if update != EMPTY_STATE:
            await self._rooms.write(name, update, author)
        return Restored(target, before)

    async def _take(
        self,
        name: DocumentName,
        document: DocumentId,
        kind: VersionKind,
        version_name: str | None,
        author: Author | None,
    ) -> Version:
        await self._rooms.settle(name)
        version = await self._versions.take(document, kind, name=version_name, author=author)
        if version is None:
            raise CorruptDocument(f"no version of {name!r} was kept, though one was asked for")
        return version


def _compared(before: bytes, after: bytes, authorship: DocumentAuthorship) -> list[AttributedLine]:
    return attribute(compare(before, after), authorship)


def _restoring(current: bytes, wanted: bytes) -> bytes:
    """Write the update under an id that nobody has; one of 53 bits that is drawn at random."""
    return restoring(current, wanted, secrets.randbits(53))
