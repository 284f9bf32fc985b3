"""The tables of who may do what."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from collab.ports.access import MAX_USER_ID_LENGTH
from collab.storage.schema import ID, UtcDateTime, metadata

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
