"""Keep share links, API keys, workspaces, and what is done about who may do what."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_USER = sa.String(255)

_REFUSE_ON_POSTGRES = """
CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is only ever added to';
END $$
"""
_TRIGGER_ON_POSTGRES = (
    "CREATE TRIGGER audit_log_is_only_added_to BEFORE UPDATE OR DELETE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()"
)
_NOT_EMPTIED_ON_POSTGRES = (
    "CREATE TRIGGER audit_log_is_never_emptied BEFORE TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()"
)
_NOT_REPLACED_ON_SQLITE = (  # REPLACE deletes a row without the trigger's knowing
    "CREATE TRIGGER audit_log_is_only_added_to_replace BEFORE INSERT ON audit_log "
    "WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", _ID, nullable=False),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("guests", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("created_by", _USER, nullable=False),
        _time("created_at"),
        _time("expires_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name="fk_links_document_id", ondelete="CASCADE"),
        sa.UniqueConstraint("secret_hash", name="uq_links_secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_links_document_id", "links", ["document_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created_by", _USER, nullable=False),
        _time("created_at"),
        _time("expires_at", nullable=True),
        _time("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_keys_account_id", ondelete="CASCADE"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_keys_account_id", "api_keys", ["account_id"])
    op.create_table(
        "workspaces",
        sa.Column("id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("default_role", sa.String(16), nullable=False),
        sa.Column("created_by", _USER, nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("name", name="uq_workspaces_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", _ID, nullable=False, autoincrement=False),
        sa.Column("user_id", _USER, nullable=False),
        sa.Column("role", sa.String(16)),
        sa.Column("granted_by", _USER, nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name="pk_workspace_members"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_workspace_members_workspace_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_workspace_members_user_id", "workspace_members", ["user_id"])
    op.create_table(
        "audit_log",
        sa.Column("id", _ID, nullable=False),
        _time("at"),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("actor", _USER, nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("document", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_log_is_only_added_to_{act.lower()} BEFORE {act} ON audit_log "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END"
            )
        op.execute(_NOT_REPLACED_ON_SQLITE)
    else:
        op.execute(_REFUSE_ON_POSTGRES)
        op.execute(_TRIGGER_ON_POSTGRES)
        op.execute(_NOT_EMPTIED_ON_POSTGRES)


def downgrade() -> None:
    op.drop_table("audit_log")
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_to_change_the_audit_log()")
    op.drop_table("workspace_members")
    op.drop_table("workspaces")
    op.drop_table("api_keys")
    op.drop_table("links")
