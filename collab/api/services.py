"""What the API needs of the rest of the server, and how its endpoints come by it."""

from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Protocol, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from collab.access import Policy
from collab.api.figures import Figures
from collab.ports import (
    AuditLog,
    Authenticator,
    AuthorshipStore,
    DocumentName,
    DocumentStore,
    ShareStore,
    StillMay,
    VersionStore,
    WorkspaceStore,
)
from collab.rooms.claims import Author, Origin
from collab.services.accounts import Accounts
from collab.services.audit_trail import AuditTrail
from collab.services.history import History
from collab.services.keys import Keys
from collab.services.live_rights import LiveRights
from collab.services.sharing import Links
from collab.services.single_sign_on import SingleSignOn


class Pressure(Protocol):
    """What may keep the server from reading: more edits wait for the database than may."""

    @property
    def is_full(self) -> bool:
        """Whether nothing should be read now."""
        ...


class DocumentRooms(Protocol):
    """The content of documents, as those who edit them at this moment see it."""

    @property
    def draining(self) -> bool:
        """Whether the server is going down and takes nobody in."""
        ...

    async def read(self, name: DocumentName) -> bytes:
        """Return the document's whole state as one Yjs update (v1); the open room's, where it is open.

        Raises `DocumentNotFound`, `DocumentDeleted`, `CorruptDocument`, `DatabaseUnavailable` and `ServerDraining`.
        """
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
        """Apply a Yjs update (v1) as a session of this user would, and return when it is committed. Applying one twice is harmless.

        Right before it is applied `still` is asked, which may raise. Raises `UpdateError`, `ServerBusy`, and what `read` does.
        """
        ...

    async def settle(self, name: DocumentName) -> None:
        """Return when everything received so far for the document is committed. Raises `DatabaseUnavailable` where that takes too long."""
        ...

    async def close(self, name: DocumentName) -> None:
        """End every session of a document that was deleted; harmless where there is none."""
        ...


@dataclass(slots=True)
class Services:
    """What the endpoints work with."""

    documents: DocumentStore
    rooms: DocumentRooms
    pressure: Pressure
    versions: VersionStore
    authorship: AuthorshipStore
    access: Authenticator
    takes_tokens: bool
    """Whether access tokens are taken."""

    accounts: Accounts | None
    """What people do with their accounts, where they have any."""

    policy: Policy
    shares: ShareStore
    links: Links
    keys: Keys
    workspaces: WorkspaceStore
    audit: AuditLog
    trail: AuditTrail
    rights: LiveRights
    max_named_versions: int
    """Of one document."""

    figures: Figures
    """What `/metrics` shows."""

    single_sign_on: SingleSignOn | None = None
    """What people do by way of the identity provider, where one is named."""

    readers: CapacityLimiter = field(default_factory=partial(CapacityLimiter, 2))
    """The threads that content is decoded in: few, so that large documents do not keep each other and everybody else from the processor."""

    history: History = field(init=False)
    """The history of documents."""

    def __post_init__(self) -> None:
        """Make what is made of the others."""
        self.history = History(
            self.documents, self.versions, self.authorship, self.rooms, self.readers, max_named=self.max_named_versions
        )


def services_of(request: Request) -> Services:
    """Return what `create_api` was given."""
    return cast("Services", request.app.state.services)


ServicesOfApp = Annotated[Services, Depends(services_of)]
