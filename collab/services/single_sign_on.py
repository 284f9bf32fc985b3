"""Single sign-on: a browser's way to the identity provider and back, and whose account whoever comes back has.

A visit is bound to the browser that began it by a secret in its cookie, from which everything that must not be guessed follows: `state`,
`nonce` and PKCE's verifier. The database keeps the secret's hash, once.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import structlog

from collab.access.oidc import Proven, Provider, Round
from collab.access.secrets import VISIT, derived, hash_of, make_secret
from collab.errors import IdentityUnavailable, InvalidEmail, Unauthenticated
from collab.ports import (
    Account,
    BrowserSession,
    ExternalIdentity,
    IdentityNumber,
    IdentityStore,
    ProviderVisit,
    TicketStore,
    VisitStore,
)
from collab.services.accounts import Accounts, SignedIn, Visitor, check_email

log = structlog.get_logger(__name__)

VISIT_LIFETIME: Final = timedelta(minutes=10)
"""Time to find a password and a second factor; who takes longer begins anew."""

MAX_PATH_LENGTH: Final = 4096
"""A document's name of 255 characters fits, each percent-encoded in full."""

_UNFIT_IN_PATHS: Final = frozenset('\\"<>#')


class Refusal(StrEnum):
    """Why nobody was signed in, as far as whoever tried may know."""

    EXPIRED = "expired"
    """It took too long, or was begun in another browser."""

    DENIED = "denied"
    """The provider let nobody through."""

    UNAVAILABLE = "unavailable"
    """The provider does not answer as it should."""

    UNVERIFIED = "unverified"
    """What the provider answered cannot be believed."""

    NO_ACCOUNT = "no-account"
    """Nobody here is known by that, or is not let in any more; nor may an account be made."""

    TAKEN = "taken"
    """The identity is another account's."""

    SIGNED_OUT = "signed-out"
    """Nobody is signed in whom it could be linked to."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A visit that came to nothing."""

    why: Refusal
    return_to: str = "/"
    email: str | None = None
    """Who it was, as far as the provider said."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A visit that begins."""

    address: str
    """Where the browser goes."""

    secret: str
    """What it keeps until it is back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brings back from the provider."""

    state: str
    code: str | None
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class _NewAccount:
    """An account that is to be made."""

    email: str
    name: str
    admin: bool
    invitation: bytes | None
    """The hash of the secret of the one that is used up by that."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the provider has proven to be there, and the account that is theirs, or will be."""

    visit: ProviderVisit
    proven: Proven
    account: Account | _NewAccount
    links: bool
    """Whether the identity is to be linked to it first."""

    @property
    def return_to(self) -> str:
        """Where the browser goes on."""
        return self.visit.return_to

    @property
    def subject(self) -> str:
        """Who it is at the provider."""
        return self.proven.subject

    def refused(self) -> Refused:
        """Return what they are told where somebody else was quicker."""
        return _refused(Refusal.TAKEN if self.visit.link else Refusal.NO_ACCOUNT, self.visit, self.proven)


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose account it is by now, and what had to be done for that."""

    account: Account
    made: bool
    linked: bool


class SingleSignOn:
    """What people do by way of the identity provider."""

    def __init__(
        self,
        provider: Provider,
        accounts: Accounts,
        identities: IdentityStore,
        visits: VisitStore,
        tickets: TicketStore,
    ) -> None:
        self._provider = provider
        self._accounts = accounts
        self._identities = identities
        self._visits = visits
        self._tickets = tickets
        self.name = provider.configuration.name
        self.issuer = provider.configuration.issuer

    async def depart(
        self, redirect_uri: str, return_to: str, session: BrowserSession | None, *, link: bool
    ) -> Departure | Refused:
        """Begin a visit of a browser that is signed in by this session; `link` is to link who comes back to its account."""
        path = local_path(return_to)
        if link and session is None:
            return Refused(Refusal.SIGNED_OUT, path)
        secret = make_secret(VISIT)
        try:
            address = await self._provider.address_for(_round(secret, redirect_uri))
        except IdentityUnavailable:
            return Refused(Refusal.UNAVAILABLE, path)
        visit = ProviderVisit(path, None if session is None else session.number, link)
        await self._visits.begin(visit, hash_of(secret) or b"", expires_at=datetime.now(UTC) + VISIT_LIFETIME)
        return Departure(address, secret)

    async def arrive(self, secret: str | None, answer: Answer, redirect_uri: str) -> Arrival | Refused:
        """End the visit of the browser that shows this secret; tell who came back, and whose account that is or will be."""
        found = None if secret is None else hash_of(secret)
        if secret is None or found is None or not _same(answer.state, _round(secret, redirect_uri).state):
            return Refused(Refusal.EXPIRED)
        visit = await self._visits.end(found)
        if visit is None:
            return Refused(Refusal.EXPIRED)
        try:
            await self._provider.check_sender(answer.issuer)
            if answer.error is not None or answer.code is None:
                return Refused(Refusal.DENIED, visit.return_to)
            proven = await self._provider.redeem(answer.code, _round(secret, redirect_uri))
        except IdentityUnavailable as error:
            log.warning("the identity provider did not answer as it should", error=str(error))
            return Refused(Refusal.UNAVAILABLE, visit.return_to)
        except Unauthenticated as error:
            log.warning("an answer of the identity provider was not believed", error=str(error))
            return Refused(Refusal.UNVERIFIED, visit.return_to)
        return await (self._who_links(visit, proven) if visit.link else self._who_signs_in(visit, proven))

    async def bind(self, came: Arrival) -> Bound:
        """Make the account that is to be made, and link the identity to it that is to be linked.

        To be done together with its entries in the audit log. Raises `IdentityTaken`, `EmailTaken`, `TicketSpent` and `AccountNotFound`
        where somebody else was quicker.
        """
        account, made = came.account, False
        if isinstance(account, _NewAccount):
            account, made = await self._make(account), True
        linked = came.links and await self._identities.link(
            account.id, self.issuer, came.subject, came.proven.email, alone=not came.visit.link
        )
        return Bound(account, made, linked)

    async def admit(self, came: Arrival, account: Account, visitor: Visitor) -> SignedIn | None:
        """Sign somebody in; `None` where they are signed in already, and have linked an identity."""
        if came.visit.link:
            return None
        if not came.links:
            await self._identities.used(self.issuer, came.subject, came.proven.email)
        return await self._accounts.admit(account, visitor, instead_of=came.visit.session)

    async def identities_of(self, account: Account) -> list[ExternalIdentity]:
        """Return the identities that the account's owner may come in by."""
        return list(await self._identities.of(account.id))

    async def unlink(self, account: Account, number: IdentityNumber) -> ExternalIdentity | None:
        """Take an identity from an account, and return it. Raises `LastWayIn`."""
        return await self._identities.unlink(account.id, number, issuer=self.issuer)

    async def _who_links(self, visit: ProviderVisit, proven: Proven) -> Arrival | Refused:
        session = None if visit.session is None else await self._accounts.sessions.get(visit.session)
        if session is None:
            return _refused(Refusal.SIGNED_OUT, visit, proven)
        return Arrival(visit, proven, session.account, links=True)

    async def _who_signs_in(self, visit: ProviderVisit, proven: Proven) -> Arrival | Refused:
        owner = await self._identities.owner_of(self.issuer, proven.subject)
        found = owner or await self._found_by_email(proven)
        if found is None or (isinstance(found, Account) and found.disabled_at is not None):
            return _refused(Refusal.NO_ACCOUNT, visit, proven)
        return Arrival(visit, proven, found, links=owner is None)

    async def _found_by_email(self, proven: Proven) -> Account | _NewAccount | None:
        """Return whose this identity is to be from now on, where the provider has verified its e-mail."""
        if proven.email is None or not proven.email_verified:
            return None
        known = await self._accounts.store.by_email(proven.email)
        if known is not None:
            return known[0] if _is_found_by(known[0], proven.email) else None
        invited = await self._tickets.invitation_for(proven.email)
        if invited is not None and not _is_same_email(invited[0].email, proven.email):
            invited = None
        if invited is None and not self._provider.configuration.sign_up:
            return None
        try:
            email = check_email(proven.email)
        except InvalidEmail:
            return None
        name = proven.name or proven.email.partition("@")[0]
        return _NewAccount(email, name, *((False, None) if invited is None else (invited[0].admin, invited[1])))

    async def _make(self, new: _NewAccount) -> Account:
        return await self._accounts.store.create(
            email=new.email, name=new.name, password_hash=None, admin=new.admin, ticket=new.invitation
        )


def _refused(why: Refusal, visit: ProviderVisit, proven: Proven) -> Refused:
    return Refused(why, visit.return_to, proven.email)


def _is_found_by(account: Account, email: str) -> bool:
    """Tell whether whoever has this e-mail has the account: somebody else may have made it and claimed that the e-mail was theirs."""
    return not account.email_is_claimed and _is_same_email(account.email, email)


def local_path(path: str) -> str:
    """Return the path of a page of this server as it is, and `/` for whatever else came, as what names another host."""
    fits = (
        path.startswith("/")
        and not path.startswith(("//", "/api/"))
        and len(path) <= MAX_PATH_LENGTH
        and all("!" <= character <= "~" and character not in _UNFIT_IN_PATHS for character in path)
    )
    return path if fits else "/"


def _round(secret: str, redirect_uri: str) -> Round:
    return Round(redirect_uri, derived(secret, "state"), derived(secret, "nonce"), derived(secret, "verifier"))


def _same(shown: str, expected: str) -> bool:
    return hmac.compare_digest(shown.encode(errors="replace"), expected.encode())


def _is_same_email(kept: str | None, proven: str) -> bool:
    """Tell whether two e-mails are one mailbox: alike to the letter, or but for the case of ASCII letters.

    Stores fold more than that, by which somebody's mailbox could pass for another's: that of a Kelvin sign for that of a `k`.
    """
    return kept == proven or (
        kept is not None and kept.isascii() and proven.isascii() and kept.lower() == proven.lower()
    )
