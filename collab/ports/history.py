"""What documents were, and who wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

from collab.ports.documents import DocumentId, DocumentKind, DocumentName
from collab.rooms.authorship import Authorship
from collab.rooms.claims import Author
from collab.rooms.deliveries import Deliveries

VersionId = NewType("VersionId", int)


class VersionKind(StrEnum):
    """Why a version is there."""

    AUTOMATIC = "automatic"
    """Taken by the server while somebody worked on the document; thinned out with age."""

    NAMED = "named"
    """Somebody gave it a name; kept until somebody deletes it."""

    BEFORE_RESTORE = "before-restore"
    """What the document was when somebody took it back to an earlier version; kept for a week, and then thinned out like the others."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a document was at a moment. Times are in UTC."""

    id: VersionId
    kind: VersionKind
    document_kind: DocumentKind
    """What the document was then, and its content is to be read as; the document itself may have another kind by now."""

    name: str | None
    created_at: datetime
    author: Author | None
    """Who asked for it; `None` for a guest, and for the server itself."""

    participants: tuple[Author | None, ...]
    """Who has delivered edits between the version before and this one; `None` among them stands for guests.

    Where the version before was damaged: who has delivered any of what this one holds.
    """


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of a document's versions; `next_cursor` as in `DocumentPage`."""

    versions: tuple[Version, ...]
    next_cursor: str | None


class VersionThinning(Protocol):
    """Deletes the versions that are no longer kept at their age. Both methods raise `DatabaseUnavailable`; both may be repeated."""

    async def next_documents(self, after: DocumentId | None, *, limit: int) -> list[DocumentId]:
        """Return the documents that have versions, those in the trash too, in the order of their ids: at most `limit`, behind this one."""
        ...

    async def thin(self, document: DocumentId) -> int:
        """Delete the versions without a name that are no longer kept at their age; return how many.

        The next one that stays tells of those who took part in them, too. Raises `DocumentNotFound` where the document went meanwhile.
        """
        ...


class VersionStore(VersionThinning, Protocol):
    """Keeps versions of documents, each as a whole state.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was written. Those that take a version's id
    raise `VersionNotFound` where this document has no such version, and, all but `delete`, `CorruptDocument` where it cannot be read.
    """

    async def lacking(self, *, limit: int) -> list[tuple[DocumentName, DocumentId]]:
        """Return the living documents whose log goes on after their newest version, or that have none; the last edited ones first."""
        ...

    async def take(
        self,
        document: DocumentId,
        kind: VersionKind,
        *,
        name: str | None = None,
        author: Author | None = None,
        max_named: int | None = None,
    ) -> Version | None:
        """Keep what is committed of a document at this moment as a version.

        Returns `None`, for an automatic one alone, where nothing has changed since the latest. Raises `TooManyVersions` for a named one
        where there are `max_named` already, `CorruptDocument` where the document cannot be loaded, and `DocumentNotFound` for an id that
        never was a document's.
        """
        ...

    async def page(self, document: DocumentId, *, limit: int, cursor: str | None = None) -> VersionPage:
        """List a document's versions, the newest first, at most `limit` of them; a damaged one is not listed.

        Raises `InvalidCursor` as `DocumentStore.page` does.
        """
        ...

    async def get(self, document: DocumentId, version: VersionId) -> Version:
        """Look a version up."""
        ...

    async def before(self, document: DocumentId, version: VersionId) -> VersionId | None:
        """Return the version before this one; `None` where it is the first."""
        ...

    async def state(self, document: DocumentId, version: VersionId) -> bytes:
        """Read a version's state, a Yjs update (v1)."""
        ...

    async def rename(
        self, document: DocumentId, version: VersionId, name: str, *, max_named: int | None = None
    ) -> Version:
        """Give a version a name, which keeps it. Raises `TooManyVersions` where it had none, and there are `max_named` already."""
        ...

    async def delete(self, document: DocumentId, version: VersionId) -> None:
        """Delete a version, also one that is damaged; what it held and the document still holds stays there."""
        ...


@dataclass(frozen=True, slots=True)
class DocumentAuthorship:
    """Who wrote, and who deleted, what of a document."""

    deliveries: Authorship
    owners: Mapping[int, int]
    """The number of the user whose each client id is."""

    credited: Deliveries
    """What others delivered and a user was credited for since."""

    authors: Mapping[int | None, Author]
    """Who the numbers are."""

    damage: str | None = None
    """Why it is not known who wrote what is in the snapshot; `None` where it is."""


class AuthorshipStore(Protocol):
    """Knows who delivered what."""

    async def read(self, document: DocumentId) -> DocumentAuthorship:
        """Return the authorship of everything that is committed; nobody's, where the record of it cannot be read.

        Raises `CorruptDocument` where the content cannot be read, and `DatabaseUnavailable`.
        """
        ...
