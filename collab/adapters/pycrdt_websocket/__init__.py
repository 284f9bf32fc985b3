"""For users of pycrdt-websocket: its `WebsocketServer` on our rooms and log, and a store for those who keep its rooms.

Swap `from pycrdt.websocket import WebsocketServer` for the one from here; its `ASGIServer`, and every `Channel`, work with it unchanged.
Source of the interfaces: https://github.com/y-crdt/pycrdt-websocket, https://github.com/y-crdt/pycrdt-store.
"""

from collab.adapters.pycrdt_websocket.room import YRoom
from collab.adapters.pycrdt_websocket.server import WebsocketServer, exception_logger

__all__ = ["WebsocketServer", "YRoom", "exception_logger"]
