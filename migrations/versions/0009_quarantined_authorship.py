"""Keep the records of who wrote what that cannot be read, and had to make way for others."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "quarantined_authorship",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("authorship", sa.LargeBinary()),
        sa.Column("checksum", sa.BigInteger()),
        sa.Column("cut_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantined_authorship"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_quarantined_authorship_document_id", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quarantined_authorship_document_id", "quarantined_authorship", ["document_id"])


def downgrade() -> None:
    op.drop_table("quarantined_authorship")
