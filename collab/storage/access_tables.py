"""The tables of who may do what.

A secret that a client shows is kept as its SHA-256: it is random, so that nothing slower is needed, and it is found by that.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from collab.ports.access import MAX_USER_ID_LENGTH
from collab.storage.schema import ID, UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("email", Text),
    Column("email_key", Text),
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

access_changes = Table(
    "access_changes",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", String(MAX_USER_ID_LENGTH), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_access_changes_at", "at"),
    sqlite_autoincrement=True,
)
"""Whose rights have changed, for whoever has a session of theirs; rows are kept for an hour. They appear in the order of their ids: whoever
adds one holds the table until its transaction ends.
"""
