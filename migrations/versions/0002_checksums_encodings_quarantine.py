"""Note how a snapshot is encoded and what each row's bytes should add up to; keep what is cut out of a log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("updates", sa.Column("checksum", sa.BigInteger()))
    op.add_column("snapshots", sa.Column("checksum", sa.BigInteger()))
    op.add_column("snapshots", sa.Column("encoding", sa.String(16), nullable=False, server_default="identity"))
    op.create_table(
        "quarantined_updates",
        sa.Column("update_id", _ID, nullable=False, autoincrement=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("checksum", sa.BigInteger()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("cut_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("update_id", name="pk_quarantined_updates"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_quarantined_updates_document_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_quarantined_updates_document_id", "quarantined_updates", ["document_id"])


def downgrade() -> None:
    op.drop_table("quarantined_updates")
    op.drop_column("snapshots", "encoding")
    op.drop_column("snapshots", "checksum")
    op.drop_column("updates", "checksum")
