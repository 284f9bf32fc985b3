"""The gateways' suites share their servers."""

from tests.gateways.serving import migrated_database, serve, server

__all__ = ["migrated_database", "serve", "server"]
