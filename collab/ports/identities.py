"""Who people with accounts are at identity providers, and browsers that were sent to one and have not come back yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol

from collab.ports.accounts import Account, AccountId, SessionNumber

IdentityNumber = NewType("IdentityNumber", int)


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """Who an account's owner is at an identity provider. Times are in UTC."""

    number: IdentityNumber
    issuer: str
    subject: str
    """Which of the issuer's users; it never changes, and is never given again (OpenID Connect Core 1.0, section 2)."""

    email: str | None
    """What the provider said last; only to tell identities apart by."""

    created_at: datetime
    last_used_at: datetime


class IdentityStore(Protocol):
    """Keeps external identities. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed."""

    async def owner_of(self, issuer: str, subject: str) -> Account | None:
        """Return whose identity this is, disabled or not."""
        ...

    async def link(
        self, account: AccountId, issuer: str, subject: str, email: str | None, *, alone: bool = False
    ) -> bool:
        """Say that this identity is the account's; tell whether it was not before. Harmless to repeat.

        Raises `IdentityTaken` where it is another account's, and with `alone` where the account has another one of this issuer;
        `AccountNotFound`.
        """
        ...

    async def used(self, issuer: str, subject: str, email: str | None) -> None:
        """Note that somebody came in by it now, and what the provider says is their e-mail; harmless for an unknown one."""
        ...

    async def of(self, account: AccountId) -> Sequence[ExternalIdentity]:
        """Return the identities of an account, the oldest first."""
        ...

    async def unlink(self, account: AccountId, number: IdentityNumber, *, issuer: str) -> ExternalIdentity | None:
        """Take an identity from this account, and return it; `None` where it has no such.

        Raises `LastWayIn` where the account has no password and no other identity of this issuer, the one by which people come in here.
        """
        ...


@dataclass(frozen=True, slots=True)
class ProviderVisit:
    """A browser that was sent to the identity provider."""

    return_to: str
    """The path it goes to when it is back."""

    session: SessionNumber | None
    """By which it was signed in when it left."""

    link: bool
    """Whether who comes back is to be linked to that session's account, instead of signed in."""


class VisitStore(Protocol):
    """Keeps visits. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed."""

    async def begin(self, visit: ProviderVisit, secret_hash: bytes, *, expires_at: datetime) -> None:
        """Keep a visit. Those that have expired are deleted, and of more than may be the newest remain."""
        ...

    async def end(self, secret_hash: bytes) -> ProviderVisit | None:
        """Return the visit of this secret, once; `None` for one that has expired, or has ended before."""
        ...
