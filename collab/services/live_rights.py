"""Rights that change while somebody uses them, and documents that are deleted: read twice a second, whichever node or command did it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Protocol

import anyio
import structlog

from collab.access.policy import Reach
from collab.errors import StorageError
from collab.ports import (
    Authenticator,
    ChangeNumber,
    DocumentId,
    DocumentName,
    Identity,
    Role,
    Shared,
    ShareStore,
    deleted_document,
)

log = structlog.get_logger(__name__)

INTERVAL: Final = 0.5
"""Seconds between two looks: a right that was taken away ends within one, with what the look itself takes."""

LONGEST_BLIND: Final = 1800.0
"""Seconds without a look after which everybody is looked at again, and every open document: the store keeps its news for an hour."""

SUBJECTS_REMEMBERED: Final = 4096
"""Whose latest change is remembered, for those who come in at that moment."""

OnRole = Callable[[Role | None], None]
"""Takes the role that somebody has in the document now."""


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """A session whose rights may change."""

    identity: Identity
    document: DocumentName
    on_role: OnRole


class Deletions(Protocol):
    """The documents that are open in this process; as in the hub."""

    async def look_over(self, deleted: frozenset[DocumentId] | None) -> None:
        """Part with everybody who has one of these documents open, or with `None` any, that is in the trash now.

        Raises `DatabaseUnavailable`.
        """
        ...


class LiveRights:
    """Tells open sessions what their users' roles have become, and the hub which documents were deleted."""

    def __init__(
        self,
        shares: ShareStore,
        access: Authenticator,
        deletions: Deletions,
        *,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._shares = shares
        self._access = access
        self._deletions = deletions
        self._clock = clock
        self._followers: dict[str, dict[Follower, None]] = {}
        """By each subject of whose changes they are told."""
        self._seen = ChangeNumber(0)
        self._looked_at = float("-inf")
        self._latest: dict[str, ChangeNumber] = {}
        """Of subjects whose rights have changed lately, the latest at the end."""
        self._forgotten = ChangeNumber(0)
        """The latest change that is remembered no more."""
        self._due: dict[str, None] = {}
        """Subjects whose sessions are to be told."""
        self._deleted: set[DocumentId] = set()
        """Documents whose sessions are to end."""
        self._has_missed = False
        """Whether others may have been deleted of which nothing was heard."""
        self._wanted = anyio.Event()

    @property
    def seen(self) -> ChangeNumber:
        """How far the changes are known. Whoever reads a role takes this before, for `follow`."""
        return self._seen

    def follow(self, identity: Identity, document: DocumentName, since: ChangeNumber, on_role: OnRole) -> Follower:
        """Have this called whenever their role in the document may have changed, and soon where it has since then."""
        follower = Follower(identity, document, on_role)
        for subject in identity.subjects:
            self._followers.setdefault(subject, {})[follower] = None
            if max(self._latest.get(subject, 0), self._forgotten) > since:
                self._due[subject] = None
                self.look_now()
        return follower

    def leave(self, follower: Follower) -> None:
        """Call it no more; harmless to repeat."""
        for subject in follower.identity.subjects:
            others = self._followers.get(subject, {})
            others.pop(follower, None)
            if not others:
                self._followers.pop(subject, None)

    def look_now(self) -> None:
        """Look at once: rights have been changed here."""
        self._wanted.set()

    async def run(self) -> None:
        """Look for changes, until cancelled. While the store cannot be read, rights stay as they are; then all are caught up with."""
        while True:
            try:
                await self.look()
            except StorageError as error:
                log.warning("changes of rights cannot be read now", error=str(error))
            with anyio.move_on_after(INTERVAL):
                await self._wanted.wait()
            self._wanted = anyio.Event()

    async def look(self) -> None:
        """Read what has changed, and tell those whose it is. Raises `StorageError`; whoever was not told then is at the next look."""
        now = self._clock()
        latest, told = await self._shares.changed_since(self._seen)
        deleted = {subject: document for subject in told if (document := deleted_document(subject)) is not None}
        changed = told.difference(deleted)
        if now - self._looked_at > LONGEST_BLIND:
            changed |= frozenset(self._followers)
            self._has_missed = True
            latest = max(latest, await self._shares.latest_change())
        self._looked_at = now
        self._seen = latest
        self._deleted.update(deleted.values())
        for subject in changed:
            self._remember(subject, latest)
        self._due |= dict.fromkeys(changed & self._followers.keys())
        if self._deleted or self._has_missed:
            await self._deletions.look_over(None if self._has_missed else frozenset(self._deleted))
            self._deleted.clear()
            self._has_missed = False
        for subject in tuple(self._due):
            await self._tell(subject)

    def _remember(self, subject: str, number: ChangeNumber) -> None:
        self._latest.pop(subject, None)
        self._latest[subject] = number
        while len(self._latest) > SUBJECTS_REMEMBERED:
            self._forgotten = self._latest.pop(next(iter(self._latest)))

    async def _tell(self, subject: str) -> None:
        followers = tuple(self._followers.get(subject, ()))
        users = {follower.identity.user_id for follower in followers} - {""}
        shared = {user_id: await self._shares.roles_of(user_id) for user_id in users}
        now: dict[Hashable, Identity | None] = {}
        for follower in followers:
            shown = follower.identity.shown_as
            if shown not in now:  # a link may have let a thousand in
                now[shown] = await self._access.current(follower.identity)
        self._due.pop(subject, None)
        for follower in followers:
            identity = now[follower.identity.shown_as]
            if identity is None:
                follower.on_role(None)
            else:
                follower.on_role(Reach(identity, shared.get(identity.user_id, Shared())).role_in(follower.document))
