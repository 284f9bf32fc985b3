"""API keys: what programs show in place of somebody who signs in.

Secrets never come here: whoever makes one keeps its SHA-256, and looks it up by that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NewType, Protocol

from collab.ports.accounts import Account
from collab.ports.roles import Role

KeyNumber = NewType("KeyNumber", int)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret. Times are in UTC."""

    number: KeyNumber
    name: str
    """What it is for, in its maker's words."""

    account: Account | None
    """As whom its bearer acts; `None` for a program of its own."""

    scope: Mapping[str, Role]
    """The most that its bearer may do, by document name or by a prefix that ends in `*`."""

    admin: bool
    """Whether its bearer may do what admins do."""

    created_by: str
    """The user who made it; empty for whoever sat at the terminal of the machine."""

    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    """When it was last shown, give or take a minute."""

    def is_unused_for(self, seconds: float) -> bool:
        """Tell whether it was not shown for so long."""
        return self.used_at is None or (datetime.now(UTC) - self.used_at).total_seconds() >= seconds

    @property
    def user_id(self) -> str:
        """As whom its bearer writes."""
        return program_id(self.number) if self.account is None else self.account.user_id


def program_id(number: KeyNumber) -> str:
    """Return the user that a program of its own is."""
    return f"key:{number}"


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is to be."""

    name: str
    user_id: str | None
    """The user of the account as whom its bearer acts; `None` for a program of its own."""

    scope: Mapping[str, Role]
    admin: bool
    created_by: str
    expires_at: datetime | None


class KeyStore(Protocol):
    """Keeps API keys. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed.

    The end of a key is told as a change of its bearer's rights (`ShareStore.changed_since`).
    """

    async def create(self, new: NewKey, secret_hash: bytes) -> ApiKey:
        """Keep a key. Raises `AccountNotFound`, and `TooManyKeys`."""
        ...

    async def find(self, secret_hash: bytes) -> ApiKey | None:
        """Return the key of this secret, unless it has expired or its account is disabled."""
        ...

    async def get(self, number: KeyNumber) -> ApiKey | None:
        """Return the key of this number, as `find` does."""
        ...

    async def used(self, number: KeyNumber) -> None:
        """Note that a key was shown now; harmless for one that has ended."""
        ...

    async def list(self, user_id: str | None = None) -> Sequence[ApiKey]:
        """Return the keys that were made by this user or act as them, or all, the one made last at the beginning; expired ones as well."""
        ...

    async def end(self, number: KeyNumber, *, user_id: str | None = None) -> bool:
        """End a key, where a user is named only one that they made or that acts as them; tell whether there was one."""
        ...
