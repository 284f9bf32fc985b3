"""Who am I? The first thing an editor asks."""

from fastapi import APIRouter

from collab.api.caller import Caller
from collab.api.models import SessionInfo, User
from collab.api.services import ServicesOfApp

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.get("", summary="Who am I?", response_description="The mode and the caller.")
async def get_session(services: ServicesOfApp, identity: Caller) -> SessionInfo:
    """Tell how the server lets people in, and who the caller is to it."""
    user = User.of(identity) if identity.user_id else None
    return SessionInfo(mode="open" if services.access.open else "token", user=user)
