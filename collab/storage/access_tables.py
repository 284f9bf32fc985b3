"""The tables of who may do what.

A secret that a client shows is kept as its SHA-256: it is random, so that nothing slower is needed, and it is found by that.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from collab.ports.access import MAX_USER_ID_LENGTH
from collab.storage.schema import ID, UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("email", Text),
    Column("email_key", Text),
    Column("email_is_claimed", Boolean(create_constraint=False), nullable=False, server_default=false()),
    Column("name", Text, nullable=False),
    Column("color", String(16)),
    Column("picture", Text),
    Column("password_hash", Text),
    Column("admin", Boolean(create_constraint=False), nullable=False),
    Column("search_text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    UniqueConstraint("user_id"),
    UniqueConstraint("email_key"),
    sqlite_autoincrement=True,
)
"""Local accounts. `user_id` is how every other place knows them; `email_key` is the e-mail folded, unique in whatever case it comes."""

sessions = Table(
    "sessions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("agent", Text, nullable=False),
    Column("address", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("secret_hash"),
    Index("ix_sessions_account_id", "account_id"),
    sqlite_autoincrement=True,
)
"""Browsers in which somebody is signed in."""

external_identities = Table(
    "external_identities",
    metadata,
    Column("id", ID, primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("email", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject"),
    Index("ix_external_identities_account_id", "account_id"),
    sqlite_autoincrement=True,
)
"""Who owners of accounts are at identity providers."""

provider_visits = Table(
    "provider_visits",
    metadata,
    Column("id", ID, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("return_to", Text, nullable=False),
    Column("session_id", BigInteger),
    Column("link", Boolean(create_constraint=False), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("secret_hash"),
    Index("ix_provider_visits_expires_at", "expires_at"),
    sqlite_autoincrement=True,
)
"""Browsers that were sent to the identity provider and have not come back. A session that has ended meanwhile is looked for in vain."""

tickets = Table(
    "tickets",
    metadata,
    Column("id", ID, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("email", Text),
    Column("user_id", String(MAX_USER_ID_LENGTH)),
    Column("admin", Boolean(create_constraint=False), nullable=False),
    Column("issued_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    UniqueConstraint("secret_hash"),
    sqlite_autoincrement=True,
)
"""What lets somebody do one thing once: an invitation to make an account, or another password for one. Used, a row is deleted."""

members = Table(
    "members",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("user_id", String(MAX_USER_ID_LENGTH), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("granted_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_members_user_id", "user_id"),
)
"""Who has a role in a document. Users of the host application's tokens may be members as well."""

links = Table(
    "links",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("secret", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("guests", Boolean(create_constraint=False), nullable=False),
    Column("password_hash", Text),
    Column("created_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    UniqueConstraint("secret_hash"),
    Index("ix_links_document_id", "document_id"),
    sqlite_autoincrement=True,
)
"""Share links. Their secrets are kept as they are, so that they can be copied again; they are found by the hash all the same."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("account_id", ID, ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("scope", JSON, nullable=False),
    Column("admin", Boolean(create_constraint=False), nullable=False),
    Column("created_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    UniqueConstraint("secret_hash"),
    Index("ix_api_keys_account_id", "account_id"),
    sqlite_autoincrement=True,
)
"""API keys. `scope` is an object of patterns to roles; a key without an account is a program's own."""

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("default_role", String(16), nullable=False),
    Column("created_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)
"""Workspaces: all documents whose names begin with this one and a slash."""

workspace_members = Table(
    "workspace_members",
    metadata,
    Column("workspace_id", ID, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("user_id", String(MAX_USER_ID_LENGTH), primary_key=True),
    Column("role", String(16)),
    Column("granted_by", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_workspace_members_user_id", "user_id"),
)
"""Who has a role in a workspace; one without has its default."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(32), nullable=False),
    Column("actor", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("address", String(64)),
    Column("document", Text),
    Column("subject", Text),
    Column("details", JSON, nullable=False),
    Index("ix_audit_log_at", "at"),
    sqlite_autoincrement=True,
)
"""What was done about who may do what. Triggers refuse to change or delete a row."""

access_changes = Table(
    "access_changes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_access_changes_at", "at"),
    sqlite_autoincrement=True,
)
"""Whose rights have changed, users' and link bearers', and which documents were deleted, for whoever has a session of theirs; rows are kept
for an hour. They appear in the order of their ids: whoever adds one holds the table until its transaction ends.
"""
