"""Keep who has which role in a document, and whose rights have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("document_id", _ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("granted_by", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "user_id", name="pk_members"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_members_document_id", ondelete="CASCADE"),
    )
    op.create_index("ix_members_user_id", "members", ["user_id"])
    op.create_table(
        "access_changes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_changes_at", "access_changes", ["at"])


def downgrade() -> None:
    op.drop_table("access_changes")
    op.drop_table("members")
