"""The REST API, the probes, and the pages that the server shows a browser."""

from collab.api.application import create_api
from collab.api.figures import Figures
from collab.api.services import DocumentRooms, Services

__all__ = ["DocumentRooms", "Figures", "Services", "create_api"]
