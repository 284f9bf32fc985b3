"""Documents, their update log, snapshots and versions in SQLite or PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collab.storage.accounts import SqlAccountStore
from collab.storage.audit import SqlAuditLog
from collab.storage.authors import Authors
from collab.storage.authorship import SqlAuthorshipStore
from collab.storage.database import open_database
from collab.storage.documents import SqlDocumentStore
from collab.storage.identities import SqlIdentityStore
from collab.storage.inspection import Inspection
from collab.storage.keys import SqlKeyStore
from collab.storage.links import SqlLinkStore
from collab.storage.log import SqlUpdateLog
from collab.storage.migrations import Migrated, migrate
from collab.storage.sessions import SqlSessionStore
from collab.storage.sharing import SqlShareStore
from collab.storage.tickets import SqlTicketStore
from collab.storage.versions import SqlVersionStore
from collab.storage.visits import SqlVisitStore
from collab.storage.workspaces import SqlWorkspaceStore

__all__ = [
    "Inspection",
    "Migrated",
    "SqlAccountStore",
    "SqlAuditLog",
    "SqlAuthorshipStore",
    "SqlDocumentStore",
    "SqlIdentityStore",
    "SqlKeyStore",
    "SqlLinkStore",
    "SqlSessionStore",
    "SqlShareStore",
    "SqlTicketStore",
    "SqlUpdateLog",
    "SqlVersionStore",
    "SqlVisitStore",
    "SqlWorkspaceStore",
    "Storage",
    "migrate",
    "open_storage",
]


@dataclass(frozen=True, slots=True)
class Storage:
    """The ports on one database, and what looks below them."""

    log: SqlUpdateLog
    documents: SqlDocumentStore
    versions: SqlVersionStore
    authorship: SqlAuthorshipStore
    shares: SqlShareStore
    accounts: SqlAccountStore
    sessions: SqlSessionStore
    tickets: SqlTicketStore
    identities: SqlIdentityStore
    visits: SqlVisitStore
    links: SqlLinkStore
    keys: SqlKeyStore
    workspaces: SqlWorkspaceStore
    audit: SqlAuditLog
    inspection: Inspection


@asynccontextmanager
async def open_storage(url: str) -> AsyncIterator[Storage]:
    """Open the storage in the database of this URL, and close it at the end. `migrate` comes first: this makes no tables, and no file.

    Raises `SettingsError` for a URL that is none of ours, `DatabaseUnavailable` for a database that cannot be opened.
    """
    async with open_database(url, may_create=False) as database:
        authors = Authors(database)
        yield Storage(
            SqlUpdateLog(database, authors),
            SqlDocumentStore(database),
            SqlVersionStore(database, authors),
            SqlAuthorshipStore(database),
            SqlShareStore(database),
            SqlAccountStore(database),
            SqlSessionStore(database),
            SqlTicketStore(database),
            SqlIdentityStore(database),
            SqlVisitStore(database),
            SqlLinkStore(database),
            SqlKeyStore(database),
            SqlWorkspaceStore(database),
            SqlAuditLog(database),
            Inspection(database),
        )
