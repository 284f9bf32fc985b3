"""Keep who delivered each update, whose each Yjs client id is, and a snapshot's authorship."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "authors",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_authors"),
        sa.UniqueConstraint("user_id", name="uq_authors_user_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "claims",
        sa.Column("document_id", _ID, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_claims_document_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("document_id", "client_id", name="pk_claims"),
    )
    op.add_column("updates", sa.Column("author_id", _ID))
    op.add_column("snapshots", sa.Column("authorship", sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column("snapshots", "authorship")
    op.drop_column("updates", "author_id")
    op.drop_table("claims")
    op.drop_table("authors")
