"""The databases of the contract suites, below their ports."""

from tests.contracts.databases import (
    anyio_backend,
    database,
    database_url,
    migrated_postgres_url,
    migrated_sqlite_file,
    other_node,
    postgres_server,
    postgres_url,
    sqlite_url,
    storage,
)

__all__ = [
    "anyio_backend",
    "database",
    "database_url",
    "migrated_postgres_url",
    "migrated_sqlite_file",
    "other_node",
    "postgres_server",
    "postgres_url",
    "sqlite_url",
    "storage",
]
