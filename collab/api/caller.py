"""Who calls."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from collab.api.rates import rates_of
from collab.api.services import ServicesOfApp
from collab.ports import Identity

_bearer = HTTPBearer(auto_error=False, description="An access token; in open mode none is needed.")


async def caller(
    request: Request,
    services: ServicesOfApp,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Identity:
    """Return who calls. Raises `Unauthenticated`, and `RateExceeded` for who does so too often."""
    identity = await services.access.authenticate(credentials.credentials if credentials is not None else None)
    rates_of(request).count_for_user(identity.user_id)
    return identity


Caller = Annotated[Identity, Depends(caller)]
