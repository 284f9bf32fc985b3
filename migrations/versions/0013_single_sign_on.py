"""Keep who people are at identity providers, and which browsers were sent there."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    claimed = sa.Column("email_is_claimed", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("accounts", claimed)
    op.create_table(
        "external_identities",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.Text()),
        _time("created_at"),
        _time("last_used_at"),
        sa.PrimaryKeyConstraint("id", name="pk_external_identities"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_external_identities_account_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identities_issuer_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_external_identities_account_id", "external_identities", ["account_id"])
    op.create_table(
        "provider_visits",
        sa.Column("id", _ID, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("session_id", sa.BigInteger()),
        sa.Column("link", sa.Boolean(), nullable=False),
        _time("expires_at"),
        sa.PrimaryKeyConstraint("id", name="pk_provider_visits"),
        sa.UniqueConstraint("secret_hash", name="uq_provider_visits_secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_provider_visits_expires_at", "provider_visits", ["expires_at"])


def downgrade() -> None:
    op.drop_column("accounts", "email_is_claimed")
    op.drop_table("provider_visits")
    op.drop_table("external_identities")
