"""The web's own attacks are tried at whole servers, as the gateways' suites start them."""

from tests.gateways.serving import migrated_database, serve, server

__all__ = ["migrated_database", "serve", "server"]
