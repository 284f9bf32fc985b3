"""The tables of documents: they, their update log, their snapshots and versions, what was cut out of a log, and who wrote what.

A change here needs a revision in `migrations/`; a test compares the two.
"""

import unicodedata

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from collab.protocol.names import MAX_NAME_LENGTH
from collab.storage import access_tables as access_tables  # so that `metadata` has all tables
from collab.storage.schema import ID, UtcDateTime
from collab.storage.schema import metadata as metadata

documents = Table(
    "documents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String(MAX_NAME_LENGTH), nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("search_text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    sqlite_autoincrement=True,  # the id of a document that is gone for good never names another
)
"""One row for each life of a document. A name has one living document at the most, and any number in the trash."""

_living = documents.c.deleted_at.is_(None)
_deleted = documents.c.deleted_at.is_not(None)

Index("uq_documents_living_name", documents.c.name, unique=True, sqlite_where=_living, postgresql_where=_living)
Index(
    "ix_documents_deleted_name",
    documents.c.name,
    documents.c.deleted_at,
    sqlite_where=_deleted,
    postgresql_where=_deleted,
)
Index(
    "ix_documents_living_updated_at",
    documents.c.updated_at,
    documents.c.id,
    sqlite_where=_living,
    postgresql_where=_living,
)

updates = Table(
    "updates",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("checksum", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("author_id", ID),  # no foreign key: each row would cost a look at `authors`, and on PostgreSQL a lock
    Index("ix_updates_document_id_id", "document_id", "id"),
    sqlite_autoincrement=True,  # whoever remembers the id of a row that compaction deleted must not meet another row under it
)
"""The update log; `author_id` is who delivered a row, `NULL` for a guest.

Ids grow, but on PostgreSQL they may become visible out of order: nothing may take `id > n` for "all after n"."""

snapshots = Table(
    "snapshots",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("encoding", String(16), nullable=False, server_default="identity"),
    Column("state", LargeBinary, nullable=False),
    Column("checksum", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("authorship", LargeBinary),
    Column("authorship_checksum", BigInteger),
)
"""The latest snapshot of each document. `number` grows with each one, so that a node can tell whether the one it read is still there.

`authorship` says who delivered what is in it (`collab/rooms/authorship.py`), and has a checksum of its own.
"""

authors = Table(
    "authors",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("user_id"),
    sqlite_autoincrement=True,
)
"""Every user who has written something, under a number short enough for each row of the log, with the name they had last."""

claims = Table(
    "claims",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    Column("author_id", ID, nullable=False),
)
"""Whose each Yjs client id is in a document: the user's whose claim was committed first. No row is ever changed."""

credit_notes = Table(
    "credit_notes",
    metadata,
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("client_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_clock", BigInteger, primary_key=True, autoincrement=False),
    Column("end_clock", BigInteger, nullable=False),
    Column("author_id", ID),
)
"""Units that came under a client id from another than its user: who is credited for them since, or `NULL` while that is open."""

versions = Table(
    "versions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("document_kind", String(32), nullable=False, server_default="yjs"),
    Column("name", Text),
    Column("encoding", String(16), nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("author_id", ID),
    Column("participants", JSON, nullable=False),
    Index("ix_versions_document_id_id", "document_id", "id"),
    sqlite_autoincrement=True,
)
"""What documents were. `document_kind` is their kind at that moment; `participants` lists the numbers of authors, `null` among them for
guests.
"""

quarantined_updates = Table(
    "quarantined_updates",
    metadata,
    Column("update_id", ID, primary_key=True, autoincrement=False),
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("checksum", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("cut_at", UtcDateTime, nullable=False),
    Column("author_id", ID),
    Index("ix_quarantined_updates_document_id", "document_id"),
)
"""Rows of the update log that somebody has cut out because the document does not load with them; they are kept here whole."""

quarantined_authorship = Table(
    "quarantined_authorship",
    metadata,
    Column("id", ID, primary_key=True),
    Column("document_id", ID, ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("authorship", LargeBinary),
    Column("checksum", BigInteger),
    Column("cut_at", UtcDateTime, nullable=False),
    Index("ix_quarantined_authorship_document_id", "document_id"),
    sqlite_autoincrement=True,
)
"""Records of who wrote a snapshot, of this `number`, that could not be read when it was folded anew; they are kept here as they were."""


def search_text(name: str, title: str) -> str:
    """Return what a search looks in: folded here, because SQLite itself folds no letter beyond ASCII, and PostgreSQL by its locale."""
    return fold(f"{title}\n{name}")


def fold(text: str) -> str:
    """Return the text without the difference of case, width or composition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
