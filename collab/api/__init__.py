"""The REST API, the probes, and the pages that the server shows a browser."""

from collab.api.application import create_api
from collab.api.services import DocumentRooms

__all__ = ["DocumentRooms", "create_api"]
