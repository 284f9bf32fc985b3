"""Every exception that Collab raises, in one tree.

::

    CollabError
    ├── ProtocolError             a frame that its dialect does not allow
    │   └── FramingError          bytes that RFC 6455 does not allow on a WebSocket
    ├── UpdateError               bytes that are no Yjs update, or one that cannot be applied
    ├── AccessError
    │   ├── Unauthenticated       nobody, or somebody we cannot verify
    │   └── Forbidden             somebody, but without the right to do this
    ├── IdentityUnavailable       who somebody is cannot be verified now; trying again may help
    ├── DocumentError
    │   ├── InvalidName           not a name a document can have
    │   ├── DocumentNotFound      no such document, and it may not be created here
    │   ├── DocumentExists        the name is taken
    │   ├── DocumentDeleted       it was there, and is in the trash
    │   ├── VersionNotFound       the document has no such version
    │   ├── TooManyVersions       the document has as many named versions as it may
    │   ├── MemberNotFound        somebody is no member of the document
    │   └── TooManyMembers        the document has as many members as it may
    ├── AccountError
    │   ├── NoAccounts            this server was not told to have any
    │   ├── AccountNotFound       no such account
    │   ├── SignInFailed          the e-mail or the password is wrong
    │   ├── InvalidEmail          not an e-mail address
    │   ├── InvalidProfile        a colour or a picture that is none
    │   ├── EmailTaken            another account has this e-mail
    │   ├── UnfitPassword         a password that is too short or too long
    │   ├── TicketSpent           an invitation, or a ticket for a new password, that is good no more
    │   ├── LastAdmin             nobody would be left to look after the accounts
    │   ├── NoSingleSignOn        this server was not told of an identity provider
    │   ├── IdentityTaken         somebody at the identity provider is another account's owner
    │   └── LastWayIn             an account would have neither a password nor an identity
    ├── InvalidUserId             not an id that a user can have
    ├── InvalidCursor             a place in a listing that no listing gave
    ├── ContentError              content that a document of this kind cannot hold
    ├── LimitExceeded             more of something than the settings allow
    │   ├── RateExceeded          more requests in a second than the settings allow; coming back later helps
    │   │   └── SignInDelayed     too many attempts to sign in failed
    │   └── MessageTooLarge       a WebSocket message over the limit
    ├── PeerTimeout               a peer that reads or answers nothing for longer than the settings allow
    ├── WorkLost                  what worked on this ended before it was done; trying again may help
    ├── ServerBusy                no room for this beside what all others have under way; come back soon
    ├── ServerDraining            the server is going down; come back soon
    ├── StorageError
    │   ├── DatabaseUnavailable   the database does not answer, or refuses; trying again may help
    │   └── CorruptDocument       what is stored of a document cannot be loaded
    └── SettingsError             an option with a value the server cannot run with

They become WebSocket close codes in `collab.gateways.closing` and HTTP statuses in `collab.api.problems`, nowhere else. A message
says what came and what was expected, in lower case, and never holds a secret.
"""

from enum import StrEnum


class CollabError(Exception):
    """Whatever Collab raises on purpose."""


class ProtocolError(CollabError):
    """A frame that its dialect does not allow."""


class FramingError(ProtocolError):
    """Bytes that RFC 6455 does not allow on a WebSocket."""


class UpdateError(CollabError):
    """Bytes that are no Yjs update, or an update that cannot be applied."""


class ContestedUpdate(UpdateError):
    """An update that goes on from other content of its client than is known, because somebody else brought that first."""


class AccessError(CollabError):
    """Somebody may not do what they asked for."""


class Distrust(StrEnum):
    """Why what somebody showed is not believed, in a word for the audit log."""

    EXPIRED = "expired"
    NOT_YET = "not-yet"
    SIGNATURE = "signature"
    """It was signed with another key, or changed since."""

    UNKNOWN_KEY = "unknown-key"
    """It names a signing key that is none of the issuer's."""

    ALGORITHM = "algorithm"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    UNKNOWN = "unknown"
    """An API key or a share link that is good no more, or never was: nothing is kept of those that ended."""

    PASSWORD = "password"  # noqa: S105 - a word, not a password
    """A share link has a password, which did not come."""

    SIGNED_OUT = "signed-out"
    """A share link is for people who have signed in."""

    UNFIT = "unfit"
    """It is not of the form, or its claims are not."""


class Unauthenticated(AccessError):
    """No token, or one that cannot be verified."""

    def __init__(self, message: str, why: Distrust = Distrust.UNFIT) -> None:
        super().__init__(message)
        self.why = why


class Forbidden(AccessError):
    """A verified identity without the right to do this."""


class IdentityUnavailable(CollabError):
    """Who somebody is cannot be verified at the moment; trying again may help."""


class DocumentError(CollabError):
    """Something is wrong with the document that was asked for."""


class InvalidName(DocumentError):
    """Not a name that a document can have."""


class DocumentNotFound(DocumentError):
    """There is no such document, and it may not be created here."""


class DocumentExists(DocumentError):
    """The name is taken by a living document."""


class DocumentDeleted(DocumentError):
    """The document was deleted; it can be restored, not written to."""


class VersionNotFound(DocumentError):
    """There is no such version of this document."""


class TooManyVersions(DocumentError):
    """The document has as many named versions as the settings allow; one must be deleted before another is kept."""


class MemberNotFound(DocumentError):
    """Somebody is no member of this document."""


class TooManyMembers(DocumentError):
    """The document has as many members as it may; one must be removed before another is added."""


class LastOwner(DocumentError):
    """Nobody would be left who may share the document."""


class LinkNotFound(DocumentError):
    """There is no such share link, or none any more."""


class TooManyLinks(DocumentError):
    """The document has as many share links as it may."""


class WorkspaceNotFound(CollabError):
    """There is no workspace of this name."""


class WorkspaceExists(CollabError):
    """There is a workspace of this name already."""


class KeyNotFound(CollabError):
    """There is no such API key, or none of the caller's."""


class TooManyKeys(CollabError):
    """Somebody has made as many API keys as they may."""


class InvalidExpiry(CollabError):
    """Something was to end in the past."""


class InvalidScope(CollabError):
    """An API key was to be made that could do nothing, or more than its maker may give."""


class AccountError(CollabError):
    """Something is wrong with an account, or with what was asked of it."""


class NoAccounts(AccountError):
    """This server was not told to have accounts."""


class AccountNotFound(AccountError):
    """There is no such account."""


class SignInFailed(AccountError):
    """The e-mail or the password is wrong, or the account is disabled: nobody is told which."""


class InvalidEmail(AccountError):
    """Not an e-mail address."""


class InvalidProfile(AccountError):
    """A colour or the address of a picture that is none."""


class EmailTaken(AccountError):
    """Another account has this e-mail."""


class UnfitPassword(AccountError):
    """A password that is too short or too long."""


class TicketSpent(AccountError):
    """An invitation, or a ticket for a new password, was used, has expired, or never was."""


class LastAdmin(AccountError):
    """The only admin would be none any more; nobody would be left to look after the accounts."""


class NoSingleSignOn(AccountError):
    """This server was not told of an identity provider."""


class IdentityTaken(AccountError):
    """Who somebody is at the identity provider is linked to another account, or the account to somebody else there."""


class LastWayIn(AccountError):
    """The account would have no way in any more: no password, and no identity."""


class InvalidUserId(CollabError):
    """Not an id that a user can have."""


class InvalidCursor(CollabError):
    """A place in a listing that no earlier page of it gave."""


class ContentError(CollabError):
    """Content that a document of this kind cannot hold."""


class LimitExceeded(CollabError):
    """More of something than the settings allow."""


class RateExceeded(LimitExceeded):
    """More requests in a second than the settings allow."""

    def __init__(self, message: str, wait: float = 1.0) -> None:
        super().__init__(message)
        self.wait = wait
        """Seconds until there is room for another."""


class SignInDelayed(RateExceeded):
    """Too many attempts to sign in failed."""


class MessageTooLarge(LimitExceeded):
    """A WebSocket message over the limit."""


class PeerTimeout(CollabError):
    """A peer read or answered nothing for longer than the settings allow."""


class WorkLost(CollabError):
    """The process that worked on this, aside from the rooms, ended before it was done; another try may succeed."""


class ServerBusy(CollabError):
    """There is no room for this beside what all clients together have under way; another try in a moment may find some."""


class ServerDraining(CollabError):
    """The server is going down and takes nobody in; another try in a moment finds its successor."""


class StorageError(CollabError):
    """The store could not do what it was asked to."""


class DatabaseUnavailable(StorageError):
    """The database does not answer, or refuses; nothing was written, and trying again may help."""


class CorruptDocument(StorageError):
    """What is stored of a document cannot be loaded; it is neither served nor overwritten."""


class SettingsError(CollabError):
    """An option has a value that the server cannot run with."""
