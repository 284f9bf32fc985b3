"""Who calls, and what they may do with a document."""

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from collab.api.services import ServicesOfApp
from collab.errors import Forbidden
from collab.ports import DocumentName, Identity, Role

_bearer = HTTPBearer(auto_error=False, description="An access token; in open mode none is needed.")


async def caller(
    services: ServicesOfApp, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Identity:
    """Return who calls. Raises `Unauthenticated`."""
    return await services.access.authenticate(credentials.credentials if credentials is not None else None)


Caller = Annotated[Identity, Depends(caller)]


def require(identity: Identity, name: DocumentName, role: Role) -> Role:
    """Return the caller's role in a document, at least this one.

    Raises `Forbidden`; without any role the answer is the same whether there is such a document or not, so ask this first.
    """
    granted = identity.role_in(name)
    if granted is None:
        raise Forbidden("you have no role in this document; expected a token whose `documents` names it")
    if granted < role:
        raise Forbidden(f"you are a {granted.name.lower()} of this document; expected {role.name.lower()} or more")
    return granted
