"""What orchestrators ask: whether the process lives, whether it is ready for work, and how much there is of it."""

from typing import Final

import anyio
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

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


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"description": "Counts and times, in its text format.", "content": {"text/plain": {}}}},
)
async def metrics(services: ServicesOfApp) -> Response:
    """Answer with counts and times of this process. They name no person and no document, so that no token is asked for."""
    figures = generate_latest(services.figures.registry)
    return Response(figures, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"})
