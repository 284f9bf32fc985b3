"""Open mode: whoever reaches the server may edit."""

from collab.ports import Identity, Role


class OpenAccess:
    """Takes everybody for a guest who owns every document; the server binds to loopback only."""

    @property
    def open(self) -> bool:
        """Always: nobody is asked for a token."""
        return True

    async def authenticate(self, token: str | None) -> Identity:  # noqa: ARG002 - a token is not looked at in open mode
        """Return a guest, whatever the token."""
        return Identity(user_id="", documents={"*": Role.OWNER})
