"""Remember what kind of document each version is of, for a document may change its kind."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("versions", sa.Column("document_kind", sa.String(32), nullable=False, server_default="yjs"))
    op.execute(
        "UPDATE versions SET document_kind = (SELECT kind FROM documents WHERE documents.id = versions.document_id)"
    )


def downgrade() -> None:
    op.drop_column("versions", "document_kind")
