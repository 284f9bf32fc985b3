"""Open mode: whoever reaches the server may edit."""

from typing import Final

from collab.ports import Credentials, Identity, Role

_GUEST: Final = Identity(user_id="", documents={"*": Role.OWNER})


class OpenAccess:
    """Takes everybody for a guest who owns every document; the server binds to loopback only."""

    @property
    def open(self) -> bool:
        """Always: nobody is asked for a token."""
        return True

    async def authenticate(self, credentials: Credentials) -> Identity:  # noqa: ARG002 - nothing is looked at in open mode
        """Return a guest, whatever is shown."""
        return _GUEST

    async def current(self, identity: Identity) -> Identity | None:
        """Return the guest, who stays one."""
        return identity
