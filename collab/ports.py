"""What the rooms' surroundings must provide, each as a small protocol: the update log, documents, versions, and who may do what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType, Protocol

from collab.rooms.authorship import Authorship, Deliveries
from collab.rooms.claims import Author, Claim
from collab.rooms.credit_notes import CreditNote, Units

DocumentName = NewType("DocumentName", str)
"""How the outside names a document: 1 to 255 characters, none of them a control character."""

DocumentId = NewType("DocumentId", int)
"""How the store names one life of a document; a deleted document's successor of the same name has another id."""


class DocumentKind(StrEnum):
    """What a document's CRDT holds."""

    RICH_TEXT = "richtext"
    """The blocks of the browser editor, seeded by the server, under the root `default`."""

    YJS = "yjs"
    """Whatever its clients put there."""


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known of a document beside its content. Times are in UTC."""

    id: DocumentId
    name: DocumentName
    title: str
    kind: DocumentKind
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A document's content as it is stored: the latest snapshot and the updates logged after it, all of them Yjs updates (v1)."""

    snapshot: bytes | None
    updates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the store holds it."""

    record: DocumentRecord
    content: StoredContent
    owners: Mapping[int, str] = field(default_factory=dict)
    """The user whose each client id is."""

    open_units: tuple[Units, ...] = ()
    """What came under a client id from another than its user, who may yet be credited for it."""


@dataclass(frozen=True, slots=True)
class Append:
    """Updates of one document, to be committed together with those of others."""

    document: DocumentId
    updates: tuple[bytes, ...]
    authors: tuple[Author | None, ...] = ()
    """Who delivered each of the updates, `None` for guests; empty where nobody is known to have."""

    claims: tuple[Claim, ...] = ()
    """Whose the Yjs client ids are that somebody wrote under for the first time; a claim on one that has an owner changes nothing."""

    credit_notes: tuple[CreditNote, ...] = ()
    """How units stand that came under a client id from another than its user."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What folding a log into a new snapshot came to."""

    freed: int
    """How many rows the snapshot replaces."""

    snapshot_bytes: int


class UpdateLog(Protocol):
    """Keeps the content of documents: what `append` returned from survives the death of any process.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was written.
    """

    async def load(self, name: DocumentName) -> StoredDocument | None:
        """Read the living document of this name, in one consistent view; `None` where there never was one.

        Raises `DocumentDeleted` where there is only a deleted one, and `CorruptDocument` where the rows cannot be read.
        """
        ...

    async def append(self, batch: Sequence[Append]) -> None:
        """Commit all updates of the batch, or none. Appending the same update twice is harmless.

        A deleted document takes updates too, so that nothing is lost should it be restored, and stays deleted.
        """
        ...

    async def compact(self, document: DocumentId) -> Compaction | None:
        """Replace the snapshot and the updates logged so far by one new snapshot.

        Returns `None` where none was written: nothing could be folded, or somebody else has written one meanwhile.

        Deletes exactly the rows it read, in the transaction that writes the snapshot; whatever is appended meanwhile stays, and so does
        an update that waits for one still missing. Harmless to repeat, and to run on two nodes at once.
        """
        ...


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """What to change of a document's record; `None` leaves a field as it is."""

    title: str | None = None
    kind: DocumentKind | None = None


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of a listing; `next_cursor` asks for the one after it, and is `None` on the last."""

    documents: tuple[DocumentRecord, ...]
    next_cursor: str | None


class DocumentStore(Protocol):
    """Keeps the documents' records.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was written.
    """

    async def create(
        self, name: DocumentName, *, kind: DocumentKind, title: str, update: bytes | None = None
    ) -> DocumentRecord:
        """Create a living document, with this update as its first content. Raises `DocumentExists`."""
        ...

    async def get(self, name: DocumentName) -> DocumentRecord:
        """Read the living document's record. Raises `DocumentNotFound`, or `DocumentDeleted` where it is in the trash."""
        ...

    async def change(self, name: DocumentName, changes: DocumentChanges) -> DocumentRecord:
        """Change the living document's record. Raises as `get` does."""
        ...

    async def delete(self, name: DocumentName) -> DocumentRecord:
        """Put the living document into the trash. Raises as `get` does."""
        ...

    async def restore(self, name: DocumentName) -> DocumentRecord:
        """Take the document deleted last under this name out of the trash.

        Raises `DocumentExists` where a living one has taken the name, `DocumentNotFound` where there is none in the trash.
        """
        ...

    async def page(
        self, *, limit: int, cursor: str | None = None, query: str | None = None, prefixes: Sequence[str] | None = None
    ) -> DocumentPage:
        """List living documents, the one changed last first, at most `limit` of them.

        `query` keeps those whose title or name contains it, whatever the case; `prefixes` those whose name is one of them, or starts
        with one that ends in `*`. Raises `ValueError` for a cursor that this method did not make.
        """
        ...

    async def ready(self) -> None:
        """Check that the database answers and has the schema this version needs. Raises `DatabaseUnavailable`."""
        ...


VersionId = NewType("VersionId", int)


class VersionKind(StrEnum):
    """Why a version is there."""

    AUTOMATIC = "automatic"
    """Taken by the server while somebody worked on the document; thinned out with age."""

    NAMED = "named"
    """Somebody gave it a name; kept."""

    BEFORE_RESTORE = "before-restore"
    """What the document was when somebody took it back to an earlier version; kept."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a document was at a moment. Times are in UTC."""

    id: VersionId
    kind: VersionKind
    name: str | None
    created_at: datetime
    author: Author | None
    """Who asked for it; `None` for a guest, and for the server itself."""

    participants: tuple[Author | None, ...]
    """Who has delivered edits between the version before and this one; `None` among them stands for guests."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of a document's versions; `next_cursor` as in `DocumentPage`."""

    versions: tuple[Version, ...]
    next_cursor: str | None


class VersionStore(Protocol):
    """Keeps versions of documents, each as a whole state.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was written. Those that take a version's id
    raise `VersionNotFound` where this document has no such version.
    """

    async def take(
        self, document: DocumentId, kind: VersionKind, *, name: str | None = None, author: Author | None = None
    ) -> Version | None:
        """Keep what is committed of a document at this moment as a version.

        Returns `None`, for an automatic one alone, where nothing has changed since the latest. Raises `CorruptDocument` where the document
        cannot be loaded, and `DocumentNotFound` for an id that never was a document's.
        """
        ...

    async def page(self, document: DocumentId, *, limit: int, cursor: str | None = None) -> VersionPage:
        """List a document's versions, the newest first, at most `limit` of them. Raises `ValueError` as `DocumentStore.page` does."""
        ...

    async def get(self, document: DocumentId, version: VersionId) -> Version:
        """Look a version up."""
        ...

    async def before(self, document: DocumentId, version: VersionId) -> VersionId | None:
        """Return the version before this one; `None` where it is the first."""
        ...

    async def state(self, document: DocumentId, version: VersionId) -> bytes:
        """Read a version's state, a Yjs update (v1). Raises `CorruptDocument` where the row cannot be read."""
        ...

    async def rename(self, document: DocumentId, version: VersionId, name: str) -> Version:
        """Give a version a name, which keeps it."""
        ...

    async def delete(self, document: DocumentId, version: VersionId) -> None:
        """Delete a version; what it held and the document still holds stays there."""
        ...

    async def thin(self, document: DocumentId) -> int:
        """Delete the automatic versions that are no longer kept at their age; return how many."""
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


class AuthorshipStore(Protocol):
    """Knows who delivered what."""

    async def read(self, document: DocumentId) -> DocumentAuthorship:
        """Return the authorship of everything that is committed. Raises `CorruptDocument` and `DatabaseUnavailable`."""
        ...


class Role(IntEnum):
    """What somebody may do with a document; each may do all that the lower ones may."""

    READER = 1
    COMMENTER = 2
    EDITOR = 3
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is at the other end, as the server knows it."""

    user_id: str
    """Empty for a guest: nobody has verified who that is."""

    name: str = ""
    color: str | None = None
    picture: str | None = None
    admin: bool = False
    expires_at: float | None = None
    """When the token ends, in seconds since 1970; `None` for never."""

    documents: Mapping[str, Role] = field(default_factory=dict)
    """Roles by document name, or by a prefix that ends in `*`."""

    @property
    def author(self) -> Author | None:
        """As whom they write; `None` for a guest."""
        return Author(self.user_id, self.name) if self.user_id else None

    def role_in(self, document: str) -> Role | None:
        """Return the strongest role granted for this document, or `None`."""
        if self.admin:
            return Role.OWNER
        granted = [
            role
            for pattern, role in self.documents.items()
            if pattern == document or (pattern.endswith("*") and document.startswith(pattern[:-1]))
        ]
        return max(granted, default=None)


class Authenticator(Protocol):
    """Tells who somebody is."""

    @property
    def open(self) -> bool:
        """Whether guests may edit and tokens are not looked at."""
        ...

    async def authenticate(self, token: str | None) -> Identity:
        """Verify a token.

        Raises `Unauthenticated`, saying what is wrong with it but nothing of what it holds, and `IdentityUnavailable` where that cannot
        be told now.
        """
        ...
