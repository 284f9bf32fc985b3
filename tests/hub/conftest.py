"""The hub's suites share their house."""

from tests.hub.house import house, migrated_database, open_hub

__all__ = ["house", "migrated_database", "open_hub"]
