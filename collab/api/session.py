"""Who am I? The first thing an editor asks."""

from fastapi import APIRouter, Request, Response

from collab.access.cookies import set_cookie
from collab.api.caller import Caller, is_secure, shown_session
from collab.api.models import SessionInfo, User
from collab.api.services import ServicesOfApp

router = APIRouter(prefix="/api/v1/session", tags=["session"])


@router.get("", summary="Who am I?", response_description="The mode and the caller.")
async def get_session(services: ServicesOfApp, identity: Caller, request: Request, response: Response) -> SessionInfo:
    """Tell how the server lets people in, and who the caller is to it. Somebody's session lasts longer for it."""
    if services.accounts is not None and identity.session is not None:
        prolonged = await services.accounts.prolong(identity.session)
        secret = shown_session(request)
        if prolonged is not None and secret is not None:
            seconds = int(prolonged.total_seconds())
            response.headers.append("Set-Cookie", set_cookie(secret, secure=is_secure(request), seconds=seconds))
    user = User.of(identity) if identity.user_id else None
    if services.access.open:
        return SessionInfo(mode="open", user=user)
    if identity.session is not None:
        return SessionInfo(mode="account", user=user)
    return SessionInfo(mode="token" if identity.link is None else "link", user=user)
