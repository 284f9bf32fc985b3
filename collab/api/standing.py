"""Whether whoever called still may: asked anew right before an act, where something has taken its time since the call came.

The body of a call, where the framework reads it, has come before anybody is asked who they are.
"""

import time

from collab.access import Action
from collab.api.services import Services
from collab.errors import Distrust, Forbidden, Unauthenticated
from collab.ports import Authenticator, DocumentName, Identity, Role


async def still_in(access: Authenticator, identity: Identity) -> Identity:
    """Return who calls as they are now.

    Raises `Unauthenticated` for whoever would not be let in any more, and `Forbidden` for an admin who is none any more.
    """
    now = await access.current(identity)
    if now is None or (now.expires_at is not None and now.expires_at <= time.time()):
        raise Unauthenticated(
            "what you came by has ended since you called; expected what is good still", Distrust.EXPIRED
        )
    if identity.admin and not now.admin:
        raise Forbidden("you were an admin when you called, and are none any more")
    return now


async def still_may(services: Services, identity: Identity, name: DocumentName, action: Action) -> Role:
    """Return the role by which whoever calls may do this now. Raises as `still_in` and `Policy.check` do."""
    return await services.policy.check(await still_in(services.access, identity), name, action)
