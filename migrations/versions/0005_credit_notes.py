"""Remember what came under a client id from another than its user."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "credit_notes",
        sa.Column("document_id", _ID, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_clock", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_clock", sa.BigInteger(), nullable=False),
        sa.Column("author_id", _ID),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_credit_notes_document_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "client_id", "first_clock", name="pk_credit_notes"),
    )


def downgrade() -> None:
    op.drop_table("credit_notes")
