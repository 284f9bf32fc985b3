"""Collab behind the interfaces of other packages."""
