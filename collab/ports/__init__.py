"""What the rooms' surroundings must provide, each as a small protocol: the update log, documents, versions, and who may do what."""

from collab.ports.access import (
    Authenticator,
    Identity,
    Role,
)
from collab.ports.documents import (
    Append,
    Compaction,
    DocumentChanges,
    DocumentId,
    DocumentKind,
    DocumentName,
    DocumentPage,
    DocumentRecord,
    DocumentStore,
    Ensured,
    StoredContent,
    StoredDocument,
    UpdateLog,
)
from collab.ports.history import (
    AuthorshipStore,
    DocumentAuthorship,
    Version,
    VersionId,
    VersionKind,
    VersionPage,
    VersionStore,
    VersionThinning,
)

__all__ = [
    "Append",
    "Authenticator",
    "AuthorshipStore",
    "Compaction",
    "DocumentAuthorship",
    "DocumentChanges",
    "DocumentId",
    "DocumentKind",
    "DocumentName",
    "DocumentPage",
    "DocumentRecord",
    "DocumentStore",
    "Ensured",
    "Identity",
    "Role",
    "StoredContent",
    "StoredDocument",
    "UpdateLog",
    "Version",
    "VersionId",
    "VersionKind",
    "VersionPage",
    "VersionStore",
    "VersionThinning",
]
