"""A document's history: naming what it is now, comparing what it was, and going back to that."""

import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from anyio import CapacityLimiter, to_thread

from collab.content.comparing import Line, compare
from collab.content.restoring import restoring
from collab.errors import CorruptDocument
from collab.ports import DocumentId, DocumentName, DocumentStore, Version, VersionId, VersionKind, VersionStore
from collab.rooms.claims import Author

EMPTY_STATE: Final = b"\x00\x00"


class Rooms(Protocol):
    """What history asks of the rooms; as in the hub."""

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
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Restored:
    """The version that the document was taken back to, and what it was before."""

    version: Version
    before: Version


class History:
    """The history of documents. Every method raises as `DocumentStore.get` and `VersionStore` do."""

    def __init__(
        self, documents: DocumentStore, versions: VersionStore, rooms: Rooms, threads: CapacityLimiter
    ) -> None:
        """`threads` are those that states are worked through in."""
        self._documents = documents
        self._versions = versions
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
        lines = await self._compare(earlier, await self._versions.state(document, after))
        return Compared(before, after, lines)

    async def compare_with_now(self, name: DocumentName, version: VersionId, now: bytes) -> Compared:
        """Compare a version with a later state of the document."""
        document = (await self._documents.get(name)).id
        return Compared(version, None, await self._compare(await self._versions.state(document, version), now))

    async def _compare(self, before: bytes, after: bytes) -> list[Line]:
        return await to_thread.run_sync(compare, before, after, limiter=self._threads)

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


def _restoring(current: bytes, wanted: bytes) -> bytes:
    """Write the update under an id that nobody has; one of 53 bits that is drawn at random."""
    return restoring(current, wanted, secrets.randbits(53))
