"""The audit log: who did what that matters to who may do what, and when. It is only ever added to."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

THIS_MACHINE: Final = ""
"""Who an act from the terminal is by: nobody who has an account."""


class AuditAction(StrEnum):
    """What somebody did."""

    SIGN_IN = "sign-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGN_OUT = "sign-out"
    ACCOUNT_MADE = "account-made"
    ACCOUNT_CHANGED = "account-changed"
    """An admin made an admin of somebody or took that away, disabled or enabled an account."""

    PROFILE_CHANGED = "profile-changed"
    """Somebody changed their own name, colour or picture."""

    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a word, not a password
    PASSWORD_RESET = "password-reset"  # noqa: S105
    RESET_OFFERED = "reset-offered"
    INVITED = "invited"
    TICKET_REFUSED = "ticket-refused"
    """An invitation, or a ticket for another password, was good no more, or not for what it was shown for."""

    CREDENTIALS_REFUSED = "credentials-refused"
    """A key, a link or a token that is not good was shown at a door."""

    ADMIN_REFUSED = "admin-refused"
    """Somebody who is no admin asked for what is for admins alone."""

    IDENTITY_LINKED = "identity-linked"
    """An account's owner may come in by an identity at the provider of single sign-on from now on."""

    IDENTITY_UNLINKED = "identity-unlinked"
    SESSION_ENDED = "session-ended"
    MEMBER_SET = "member-set"
    MEMBER_REMOVED = "member-removed"
    LINK_MADE = "link-made"
    LINK_REVOKED = "link-revoked"
    LINK_OPENED = "link-opened"
    LINK_REFUSED = "link-refused"
    """A wrong password came for a link, or one too many."""

    KEY_MADE = "key-made"
    KEY_REVOKED = "key-revoked"
    WORKSPACE_MADE = "workspace-made"
    WORKSPACE_CHANGED = "workspace-changed"
    WORKSPACE_DELETED = "workspace-deleted"
    WORKSPACE_MEMBER_SET = "workspace-member-set"
    WORKSPACE_MEMBER_REMOVED = "workspace-member-removed"
    DOCUMENT_DELETED = "document-deleted"
    DOCUMENT_RESTORED = "document-restored"
    DOCUMENT_EXPORTED = "document-exported"
    VERSION_DISCARDED = "version-discarded"
    VERSION_RESTORED = "version-restored"
    DATABASE_EXPORTED = "database-exported"
    """Everything was copied, as a backup or as plain files."""

    DATABASE_IMPORTED = "database-imported"
    ROWS_CUT = "rows-cut"
    """Rows were taken out of the log of a document that did not load."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is written down of an act."""

    action: AuditAction
    actor: str
    """The user who did it; empty for somebody who is nobody here, and for whoever sat at the terminal of the machine."""

    address: str | None = None
    """From where; `None` for the terminal."""

    document: str | None = None
    subject: str | None = None
    """Whom, or what beside a document, it was done to: a user, a workspace, a link, a key."""

    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An act as it was written down. The time is in UTC."""

    number: int
    at: datetime
    act: Act
    actor_name: str | None
    """What whoever did it is called now; `None` where nobody knows."""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; `None` is any."""

    actions: frozenset[AuditAction] | None = None
    actor: str | None = None
    address: str | None = None
    document: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Up to, not including."""


class AuditLog(Protocol):
    """Keeps the log. Every method raises `DatabaseUnavailable` when the database cannot do it now."""

    async def add(self, act: Act) -> None:
        """Write an act down, at this moment; of a text of more than 300 characters its beginning and its length."""
        ...

    def together(self) -> AbstractAsyncContextManager[None]:
        """Commit what is written within, by this and the other stores of its database, at the end, or none of it when anything is raised.

        So an act and its entry are both there, or neither; and what is asked within about rights holds for the act, for nobody else changes
        any before the end. Do nothing slow within, nor anything but such questions and a store's methods that make, change or delete a
        row: others may wait for the end to write, and readings do not see what was written yet.
        """
        ...

    async def page(self, wanted: AuditFilter, *, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        """Return the newest entries, those with a lower number than `before`."""
        ...
