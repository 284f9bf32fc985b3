"""Share links: a role in one document for whoever has the link."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from collab.ports.documents import DocumentId, DocumentName
from collab.ports.roles import Role

LinkNumber = NewType("LinkNumber", int)


def link_subject(number: LinkNumber) -> str:
    """Return under what changes of a link are told, to those who came by it."""
    return f"link:{number}"


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link. Times are in UTC."""

    number: LinkNumber
    document: DocumentName
    secret: str
    """What its bearer shows. It is kept as it is, so that whoever shares the document can copy it again."""

    role: Role
    guests: bool
    """Whether it lets people in who have not signed in."""

    password_hash: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewLink:
    """What a link is to be."""

    secret: str
    role: Role
    guests: bool
    password_hash: str | None
    created_by: str
    expires_at: datetime | None


class LinkStore(Protocol):
    """Keeps share links. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed.

    A link belongs to one life of a document. Its end is told as a change of rights of `link_subject`.
    """

    async def create(self, document: DocumentId, new: NewLink, secret_hash: bytes) -> ShareLink:
        """Keep a link. Raises `TooManyLinks`."""
        ...

    async def of(self, document: DocumentId) -> Sequence[ShareLink]:
        """Return the links of a document, the one made first at the beginning; expired ones as well."""
        ...

    async def find(self, secret_hash: bytes) -> ShareLink | None:
        """Return the link whose secret has this hash, unless it has expired or its document is deleted."""
        ...

    async def get(self, number: LinkNumber) -> ShareLink | None:
        """Return the link of this number, as `find` does."""
        ...

    async def end(self, document: DocumentId, number: LinkNumber) -> bool:
        """End a link of this document; tell whether there was one."""
        ...
