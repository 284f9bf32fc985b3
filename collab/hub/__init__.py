"""The asynchronous shell around the rooms: opens each once, runs it, commits what it flushes, and closes it when nobody is left."""

from collab.hub.hub import Hub

__all__ = ["Hub"]
