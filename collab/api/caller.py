"""Who calls."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from collab.api.services import ServicesOfApp
from collab.ports import Identity

_bearer = HTTPBearer(auto_error=False, description="An access token; in open mode none is needed.")


async def caller(
    services: ServicesOfApp, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity:
    """Return who calls. Raises `Unauthenticated`."""
    return await services.access.authenticate(credentials.credentials if credentials is not None else None)


Caller = Annotated[Identity, Depends(caller)]
