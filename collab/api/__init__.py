"""The REST API, the probes, and the pages that the server shows a browser."""

from collab.api.application import create_api
from collab.api.services import DocumentRooms, Services

__all__ = ["DocumentRooms", "Services", "create_api"]
