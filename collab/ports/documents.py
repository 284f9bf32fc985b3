"""Documents: their records, and the log that keeps what is in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Protocol

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


_DOCUMENT: Final = "\tdocument:"
"""Begins no user's id, for those have no control characters."""


def document_subject(document: DocumentId) -> str:
    """Return under what it is told, among the changes of rights, that a document was deleted."""
    return f"{_DOCUMENT}{document}"


def deleted_document(subject: str) -> DocumentId | None:
    """Return which document was deleted; `None` where it is somebody's rights that have changed."""
    number = subject.removeprefix(_DOCUMENT)
    return DocumentId(int(number)) if number != subject and number.isdecimal() else None


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

    damaged_authorship: str | None = None
    """Why the record of who wrote the snapshot before could not be read. It was set aside, and nobody is credited with what that held."""


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

        Returns `None` where none was written: nothing could be folded, or somebody else has written one meanwhile. A record of who wrote
        what that cannot be read holds nothing up; it is set aside, also where there is nothing to fold.

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


@dataclass(frozen=True, slots=True)
class Ensured:
    """A document that is there now."""

    record: DocumentRecord
    is_new: bool
    """Whether it was created by this."""


class DocumentStore(Protocol):
    """Keeps the documents' records.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was written. Those that take a name raise
    `CorruptDocument` where the record of that name cannot be read.
    """

    async def create(
        self,
        name: DocumentName,
        *,
        kind: DocumentKind,
        title: str,
        update: bytes | None = None,
        owner: str | None = None,
    ) -> DocumentRecord:
        """Create a living document, with this update as its first content and this user as its owner. Raises `DocumentExists`."""
        ...

    async def ensure(self, names: Collection[DocumentName]) -> Mapping[DocumentName, Ensured]:
        """Return the living documents of these names, all in one transaction; those that are new are created, as `yjs`, titled by name.

        Raises `DocumentDeleted` where one of them is in the trash and lives under this name no more; then none was created.
        """
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
        with one that ends in `*`. A document whose record is damaged is not listed. Raises `InvalidCursor` for a cursor that this
        method did not make.
        """
        ...

    async def ready(self) -> None:
        """Check that the database answers and has the schema this version needs. Raises `DatabaseUnavailable`."""
        ...
