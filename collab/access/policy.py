"""What somebody may do with a document: the one place where roles become permissions, for every door alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from collab.errors import DatabaseUnavailable, Forbidden
from collab.ports import (
    DocumentName,
    Identity,
    Role,
    Shared,
    ShareStore,
    WorkspaceName,
    WorkspaceStore,
    common_patterns,
)


class Action(Enum):
    """What somebody may want to do with a document."""

    READ = auto()
    """See what is in it and what was, who wrote it, and who is there."""

    COMMENT = auto()

    EDIT = auto()
    """Write, name versions and go back to one, change the title."""

    CREATE = auto()

    SEE_MEMBERS = auto()
    """Learn who else has a role in it."""

    SHARE = auto()
    """Give and take roles in it."""

    DISCARD_VERSION = auto()

    DELETE = auto()
    """Put it into the trash."""

    RESTORE = auto()
    """Take it out of the trash; a role that somebody had in it there counts."""


LEAST_ROLE: Final[Mapping[Action, Role]] = {
    Action.READ: Role.READER,
    Action.COMMENT: Role.COMMENTER,
    Action.EDIT: Role.EDITOR,
    Action.CREATE: Role.EDITOR,
    Action.SEE_MEMBERS: Role.EDITOR,
    Action.SHARE: Role.OWNER,
    Action.DISCARD_VERSION: Role.OWNER,
    Action.DELETE: Role.OWNER,
    Action.RESTORE: Role.OWNER,
}
"""The least role that may do it; whoever has none may do nothing."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The documents that somebody has a role in."""

    _identity: Identity
    _shared: Shared

    @property
    def patterns(self) -> list[str] | None:
        """Names, and prefixes that end in `*`, which match all of these and may match more; `None` for everything."""
        identity = self._identity
        everything = identity.admin or "*" in identity.documents
        if identity.scope is None:
            return None if everything else [*identity.documents, *identity.named, *self._shared.patterns]
        if "*" in identity.scope and everything:
            return None
        granted = ["*"] if everything else [*identity.documents, *self._shared.patterns]
        return common_patterns(granted, identity.scope)

    def role_in(self, document: str) -> Role | None:
        """Return the strongest role, or `None`."""
        return self._identity.role_in(document, self._shared.role_in(document))


class Policy:
    """Tells what an identity may do."""

    def __init__(self, shares: ShareStore, workspaces: WorkspaceStore) -> None:
        self._shares = shares
        self._workspaces = workspaces

    async def role_in(self, identity: Identity, document: DocumentName, *, in_trash: bool = False) -> Role | None:
        """Return the strongest role that somebody has in a document, whether there is such a document or not; `None` for none.

        `in_trash` asks for that in the one deleted last under this name, where none lives. Raises `DatabaseUnavailable` for whoever could
        have one by membership alone, while that cannot be told.
        """
        told = identity.role_in(document)
        if told is Role.OWNER or not identity.user_id:
            return told
        try:
            return identity.role_in(document, await self._shares.role_of(identity.user_id, document, in_trash=in_trash))
        except DatabaseUnavailable:
            if told is None:
                raise
            return told

    async def reach(self, identity: Identity) -> Reach:
        """Return which documents somebody has a role in. Raises `DatabaseUnavailable`."""
        return Reach(identity, await self._shares.roles_of(identity.user_id) if identity.user_id else Shared())

    async def role_in_workspace(self, identity: Identity, workspace: WorkspaceName) -> Role | None:
        """Return the role in a workspace, whether there is such a workspace or not: a member's, and to an admin the owner's.

        What an access token or a key says of documents is no role in the workspace itself. Raises `DatabaseUnavailable`.
        """
        if identity.admin:
            return Role.OWNER
        if not identity.user_id or identity.scope is not None:
            return None
        return await self._workspaces.role_of(identity.user_id, workspace)

    def owns_what_they_make(self, identity: Identity) -> bool:
        """Tell whether somebody may make documents of their own, under names that nobody has chosen: whoever has an account."""
        return identity.session is not None

    async def check(self, identity: Identity, document: DocumentName, action: Action) -> Role:
        """Return the role by which somebody may do this.

        Raises `Forbidden`; to whoever has no role the answer is the same whether there is such a document or not, so ask this before
        anything is looked up.
        """
        role = await self.role_in(identity, document, in_trash=action is Action.RESTORE)
        if role is None:
            raise Forbidden(
                "you have no role in this document; expected a token whose `documents` names it, or to be one of its members"
            )
        if not allows(role, action):
            raise Forbidden(
                f"you are a {role.name.lower()} of this document; expected {LEAST_ROLE[action].name.lower()} or more"
            )
        return role


def allows(role: Role, action: Action) -> bool:
    """Tell whether a role is enough for this."""
    return role >= LEAST_ROLE[action]
