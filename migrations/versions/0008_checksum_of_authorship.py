"""Note what the bytes that say who wrote a snapshot should add up to."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("snapshots", sa.Column("authorship_checksum", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("snapshots", "authorship_checksum")
