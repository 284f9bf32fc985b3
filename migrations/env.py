"""Runs revisions on the connection that `collab.storage.migrations` hands over, within its transaction."""

from alembic import context

from collab.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's too is undone as a whole, since the transaction is begun for real
    on_version_apply=context.config.attributes.get("on_version_apply", ()),
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
