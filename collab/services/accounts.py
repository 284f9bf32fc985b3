"""Local accounts: signing in and out, invitations, passwords and their reset, sessions."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collab.access.passwords import Passwords, check_fitness, is_dated
from collab.access.secrets import SESSION, TICKET, hash_of, make_secret
from collab.errors import (
    AccountNotFound,
    InvalidEmail,
    SignInFailed,
    TicketSpent,
)
from collab.ports import (
    Account,
    AccountStore,
    BrowserSession,
    SessionNumber,
    SessionStore,
    Ticket,
    TicketKind,
    TicketStore,
)
from collab.services.throttle import Subject, Throttle, subjects_of
from collab.settings import Settings

INVITATION_LIFETIME: Final = timedelta(days=14)
RESET_LIFETIME: Final = timedelta(hours=24)
SEEN_EVERY: Final = timedelta(hours=1)
"""How often a session that is used is written down as such."""

MAX_EMAIL_LENGTH: Final = 254
"""RFC 5321, as its erratum 1690 counts."""

_LOOKS_LIKE_EMAIL: Final = re.compile(r"[^@\s]+@(?:[^\W_][\w-]*\.)+[^\W\d_][\w-]*[^\W_]")

MAX_AGENT_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser at the other end."""

    agent: str
    address: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a browser gets that is signed in now."""

    account: Account
    secret: str
    """What it shows from now on; nothing but its hash is kept."""

    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that an invitation is good for; its password is hashed already, which takes long."""

    email: str
    name: str
    password_hash: str
    invitation: Ticket
    ticket: bytes
    """The hash of the invitation's secret."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that a ticket is good for, hashed already."""

    user_id: str
    password_hash: str
    ticket: bytes


class Accounts:
    """What people do with their accounts, and admins with everybody's."""

    def __init__(
        self,
        accounts: AccountStore,
        sessions: SessionStore,
        tickets: TicketStore,
        passwords: Passwords,
        *,
        session_lifetime: float,
        clock: Callable[[], float],
    ) -> None:
        """`session_lifetime` is in seconds."""
        self.store = accounts
        self.sessions = sessions
        self._tickets = tickets
        self._passwords = passwords
        self._lifetime = timedelta(seconds=session_lifetime)
        self._throttle = Throttle(clock)

    async def sign_in(self, email: str, password: str, visitor: Visitor, *, instead_of: str | None = None) -> SignedIn:
        """Open a new session for whoever knows the password, and end the one whose secret the browser had.

        Raises `SignInFailed`, which is the same for an unknown e-mail, a wrong password and a disabled account, and `SignInDelayed` after
        too many of these.
        """
        subjects = subjects_of(email, visitor.address)
        self._throttle.begin(subjects, "too many attempts to sign in failed")
        found = await self.store.by_email(email)
        account, kept = (None, None) if found is None else found
        is_right = await self._passwords.verify(kept, password)
        if account is None or not is_right or account.disabled_at is not None:
            raise SignInFailed("the e-mail or the password is wrong")
        self._throttle.succeeded(subjects)
        if kept is not None and is_dated(kept):
            kept = await self.store.hash_anew(account.user_id, kept, await self._passwords.hash(password))
        if instead_of is not None and (before := await self._session(instead_of)) is not None:
            await self.sessions.end(before.account.id, before.number)
        return await self._open(account, visitor, password_hash=kept)

    async def invite(self, by: str, email: str | None, *, admin: bool = False) -> str:
        """Return the secret of an invitation to make an account, for this e-mail where one is named. Raises `InvalidEmail`."""
        checked = None if email is None else check_email(email)
        return await self._issue(
            Ticket(
                TicketKind.INVITATION, checked, None, admin=admin, expires_at=datetime.now(UTC) + INVITATION_LIFETIME
            ),
            by,
        )

    async def offer_reset(self, by: str, user_id: str) -> str:
        """Return the secret that lets whoever has it set another password for this account. Raises `AccountNotFound`."""
        account = await self.store.get(user_id)
        return await self._issue(
            Ticket(
                TicketKind.RESET, account.email, user_id, admin=False, expires_at=datetime.now(UTC) + RESET_LIFETIME
            ),
            by,
        )

    async def take_password(self, user_id: str) -> None:
        """Have no password of this account be right until another is set, and end all its sessions. Raises `AccountNotFound`."""
        await self.store.set_password(user_id, await self._passwords.hash(make_secret(TICKET)))

    async def look(self, secret: str) -> Ticket:
        """Return what a ticket is good for. Raises `TicketSpent`."""
        found = hash_of(secret)
        ticket = None if found is None else await self._tickets.look(found)
        if ticket is None:
            raise TicketSpent("this link was used already, or has expired; ask for another")
        return ticket

    async def prepare_account(self, secret: str, *, email: str | None, name: str, password: str) -> NewAccount:
        """Return the account that an invitation is for, to be made by `make`; the e-mail counts where the invitation names none.

        Raises `TicketSpent`, `InvalidEmail` and `UnfitPassword`; then the invitation is good still.
        """
        ticket = await self.look(secret)
        if ticket.kind is not TicketKind.INVITATION:
            raise TicketSpent("this link sets a password; expected an invitation")
        checked = ticket.email or check_email(email or "")
        return NewAccount(checked, name, await self._passwords.hash(password), ticket, hash_of(secret) or b"")

    async def make(self, new: NewAccount) -> Account:
        """Make an account, which uses the invitation up.

        Raises `TicketSpent`, and `EmailTaken`; then the invitation is good still. Raises `SignInDelayed` after too many e-mails that are
        taken: it is no list of who has an account.
        """
        invitation = (Subject(f"invitation {new.ticket.hex()}", free=5),)
        self._throttle.begin(invitation, "too many e-mails came that are taken")
        account = await self.store.create(
            email=new.email,
            name=new.name,
            password_hash=new.password_hash,
            admin=new.invitation.admin,
            email_is_claimed=new.invitation.email is None,
            ticket=new.ticket,
        )
        self._throttle.succeeded(invitation)
        return account

    async def prepare_reset(self, secret: str, password: str) -> NewPassword:
        """Return the password that a ticket is for, to be set by `reset`. Raises `TicketSpent` and `UnfitPassword`."""
        ticket = await self.look(secret)
        if ticket.kind is not TicketKind.RESET or ticket.user_id is None:
            raise TicketSpent("this link is an invitation; expected one that sets a password")
        return NewPassword(ticket.user_id, await self._passwords.hash(password), hash_of(secret) or b"")

    async def reset(self, new: NewPassword) -> None:
        """Set a password, which uses the ticket up; every session of the account ends. Raises `TicketSpent`."""
        try:
            await self.store.set_password(new.user_id, new.password_hash, ticket=new.ticket)
        except AccountNotFound:
            raise TicketSpent("the account of this link is gone") from None

    async def change_password(
        self, user_id: str, current: str, new: str, visitor: Visitor, *, keep: SessionNumber | None
    ) -> None:
        """Change one's password; the other sessions end.

        Raises `SignInFailed`, also where the password was set anew or the session was ended while this one was hashed, `SignInDelayed` and
        `UnfitPassword`.
        """
        check_fitness(new)
        subjects = subjects_of(user_id, visitor.address)
        self._throttle.begin(subjects, "too many wrong passwords came")
        kept = await self.store.password_of(user_id)
        is_right = await self._passwords.verify(kept, current)
        if kept is None or not is_right:
            raise SignInFailed("the current password is wrong")
        self._throttle.succeeded(subjects)
        await self.store.set_password(user_id, await self._passwords.hash(new), instead_of=kept, keep=keep)

    async def admit(self, account: Account, visitor: Visitor, *, instead_of: SessionNumber | None = None) -> SignedIn:
        """Open a new session for somebody who was proven to be there by other means, and end the one that the browser had."""
        if instead_of is not None and (before := await self.sessions.get(instead_of)) is not None:
            await self.sessions.end(before.account.id, before.number)
        return await self._open(account, visitor)

    async def session_of(self, secret: str | None) -> BrowserSession | None:
        """Return the session that a browser shows; `None` for one that has ended."""
        return None if secret is None else await self._session(secret)

    async def prolong(self, number: SessionNumber) -> timedelta | None:
        """Have a session that is used last its whole lifetime from now; `None` where that was done lately."""
        now = datetime.now(UTC)
        session = await self.sessions.get(number)
        if session is None or now - session.seen_at < SEEN_EVERY:
            return None
        await self.sessions.seen(number, expires_at=now + self._lifetime)
        return self._lifetime

    async def _session(self, secret: str) -> BrowserSession | None:
        found = hash_of(secret)
        return None if found is None else await self.sessions.find(found)

    async def _open(self, account: Account, visitor: Visitor, *, password_hash: str | None = None) -> SignedIn:
        """Open a session. Raises `SignInFailed` where the account was disabled meanwhile, or has another password than this by now."""
        secret = make_secret(SESSION)
        opened = await self.sessions.open(
            account.id,
            hash_of(secret) or b"",
            agent=visitor.agent[:MAX_AGENT_LENGTH],
            address=visitor.address,
            expires_at=datetime.now(UTC) + self._lifetime,
            password_hash=password_hash,
        )
        if opened is None:
            raise SignInFailed("the e-mail or the password is wrong")
        return SignedIn(account, secret, self._lifetime)

    async def _issue(self, ticket: Ticket, by: str) -> str:
        secret = make_secret(TICKET)
        await self._tickets.issue(ticket, hash_of(secret) or b"", issued_by=by)
        return secret


def accounts_on(accounts: AccountStore, sessions: SessionStore, tickets: TicketStore, settings: Settings) -> Accounts:
    """Return what people do with accounts that are kept in these stores."""
    return Accounts(
        accounts,
        sessions,
        tickets,
        Passwords(),
        session_lifetime=settings.session_lifetime,
        clock=time.monotonic,
    )


def looks_like_email(text: str) -> bool:
    """Tell whether a text that came where an e-mail belongs is one by its looks, as few passwords are."""
    return len(text) <= MAX_EMAIL_LENGTH and _LOOKS_LIKE_EMAIL.fullmatch(text.strip()) is not None


def check_email(email: str) -> str:
    """Return an e-mail address that could be one. Raises `InvalidEmail`: whether it is, only a mail to it tells."""
    local, at, domain = email.strip().rpartition("@")
    if (
        not (local and at and domain)
        or len(email) > MAX_EMAIL_LENGTH
        or any(not each.isprintable() or each.isspace() for each in email.strip())
    ):
        raise InvalidEmail(f"an e-mail of {len(email)} characters came that is none; expected one like ada@example.org")
    return f"{local}@{domain}"
