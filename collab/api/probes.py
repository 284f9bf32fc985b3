"""What orchestrators ask: whether the process lives, and whether it is ready for work."""

from typing import Final

import anyio
from fastapi import APIRouter

from collab.api.models import Health
from collab.api.services import ServicesOfApp
from collab.errors import DatabaseUnavailable, ServerDraining

router = APIRouter(tags=["probes"])

READY_TIMEOUT: Final = 5.0


@router.get("/healthz", summary="Does the process live?", response_description="It does.")
async def healthz() -> Health:
    """Answer at all."""
    return Health()


@router.get("/readyz", summary="Is the server ready for work?", response_description="It is.")
async def readyz(services: ServicesOfApp) -> Health:
    """Answer 503 with the reason while the server is draining or its database does not answer."""
    if services.rooms.draining:
        raise ServerDraining("the server is going down")
    try:
        with anyio.fail_after(READY_TIMEOUT):
            await services.documents.ready()
    except TimeoutError:
        raise DatabaseUnavailable(f"the database did not answer within {READY_TIMEOUT:.0f} s") from None
    return Health()
