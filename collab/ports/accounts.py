"""Local accounts, and what lets their owners in: sessions of browsers, and tickets for one use.

Secrets never come here: whoever makes one keeps its SHA-256, and looks it up by that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

AccountId = NewType("AccountId", int)
SessionNumber = NewType("SessionNumber", int)
"""How a session is named to its owner; the secret that its browser holds is another."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in here. Times are in UTC."""

    id: AccountId
    user_id: str
    """How every other place knows them; it never changes, and is never given again."""

    email: str | None
    email_is_claimed: bool
    """Whether nobody but whoever made the account has said that this is theirs."""

    name: str
    color: str | None
    picture: str | None
    admin: bool
    created_at: datetime
    disabled_at: datetime | None
    """Since when they may not sign in; `None` for those who may."""


@dataclass(frozen=True, slots=True)
class AccountChanges:
    """What to change of an account; `None` leaves a field as it is, and an empty text takes it away."""

    name: str | None = None
    color: str | None = None
    picture: str | None = None
    admin: bool | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Accounts in the order in which they were made."""

    accounts: tuple[Account, ...]
    next_cursor: str | None


class AccountStore(Protocol):
    """Keeps accounts. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed.

    What takes rights away, from an account or from all its sessions, is told as a change of rights (`ShareStore.changed_since`).
    """

    async def create(
        self,
        *,
        email: str,
        name: str,
        password_hash: str | None,
        admin: bool,
        email_is_claimed: bool = False,
        ticket: bytes | None = None,
    ) -> Account:
        """Make an account, and use this ticket up for it.

        Raises `EmailTaken` where another has this e-mail, in whatever case, and `TicketSpent`; then the ticket is as it was.
        """
        ...

    async def get(self, user_id: str) -> Account:
        """Return an account. Raises `AccountNotFound`."""
        ...

    async def by_email(self, email: str) -> tuple[Account, str | None] | None:
        """Return the account of this e-mail, in whatever case, and the hash of its password, if it has one."""
        ...

    async def page(self, *, limit: int, cursor: str | None = None, query: str | None = None) -> AccountPage:
        """List accounts, those whose name or e-mail contains `query`. Raises `InvalidCursor`."""
        ...

    async def change(self, user_id: str, changes: AccountChanges) -> tuple[Account, bool]:
        """Change an account; return it as it is now, and whether that is another than before.

        Raises `AccountNotFound`, and `LastAdmin` where nobody would be left to look after the others.
        """
        ...

    async def password_of(self, user_id: str) -> str | None:
        """Return the hash of an account's password. Raises `AccountNotFound`."""
        ...

    async def hash_anew(self, user_id: str, kept: str, password_hash: str) -> str:
        """Keep the same password as another hash, unless it was changed meanwhile; return what is kept now. Raises `AccountNotFound`."""
        ...

    async def set_password(
        self,
        user_id: str,
        password_hash: str,
        *,
        instead_of: str | None = None,
        keep: SessionNumber | None = None,
        ticket: bytes | None = None,
    ) -> None:
        """Change the password, use this ticket up for it, and end all sessions of the account but one.

        `instead_of` is the hash that was found right before: whoever knew that password may not change one that was set meanwhile, nor
        go on when the account was disabled or the session to be kept has ended. Raises `SignInFailed` then, `AccountNotFound` and
        `TicketSpent`; all is as it was.
        """
        ...


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser in which somebody is signed in."""

    number: SessionNumber
    account: Account
    agent: str
    """What the browser calls itself."""

    address: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionStore(Protocol):
    """Keeps sessions. Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed."""

    async def open(
        self,
        account: AccountId,
        secret_hash: bytes,
        *,
        agent: str,
        address: str | None,
        expires_at: datetime,
        password_hash: str | None = None,
    ) -> SessionNumber | None:
        """Open a session; `None` where the account is disabled by now, or has another password than this one.

        Those of the account that have expired are deleted, and of more than may be the ones seen last remain.
        """
        ...

    async def find(self, secret_hash: bytes) -> BrowserSession | None:
        """Return the session of this secret, unless it has expired or its account is disabled."""
        ...

    async def get(self, number: SessionNumber) -> BrowserSession | None:
        """Return the session of this number, as `find` does."""
        ...

    async def seen(self, number: SessionNumber, *, expires_at: datetime) -> None:
        """Note that a session is in use, and until when it is good; harmless for one that has ended."""
        ...

    async def of(self, account: AccountId) -> Sequence[BrowserSession]:
        """Return the sessions of an account that have not expired, the one seen last at the beginning."""
        ...

    async def end(self, account: AccountId, number: SessionNumber) -> bool:
        """End a session of this account; tell whether there was one."""
        ...


class TicketKind(StrEnum):
    """What a ticket is good for, once."""

    INVITATION = "invitation"
    """To make an account."""

    RESET = "reset"
    """To set another password for an account."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What lets somebody do one thing, once."""

    kind: TicketKind
    email: str | None
    """Whom it was made for; whoever has an invitation without one names their own."""

    user_id: str | None
    """Whose password it resets."""

    admin: bool
    """Whether it makes an admin."""

    expires_at: datetime


class TicketStore(Protocol):
    """Keeps tickets, which `AccountStore` uses up.

    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed.
    """

    async def issue(self, ticket: Ticket, secret_hash: bytes, *, issued_by: str) -> None:
        """Keep a ticket. One for a reset takes the place of earlier ones for that account."""
        ...

    async def look(self, secret_hash: bytes) -> Ticket | None:
        """Return a ticket that is good; `None` for one that was used, has expired, or never was."""
        ...

    async def invitation_for(self, email: str) -> tuple[Ticket, bytes] | None:
        """Return the newest good invitation that names this e-mail, in whatever case, and the hash of its secret."""
        ...
