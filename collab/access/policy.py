"""What somebody may do with a document: the one place where roles become permissions, for every door alike."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from collab.errors import Forbidden
from collab.ports import DocumentName, Identity, Role


class Action(Enum):
    """What somebody may want to do with a document."""

    READ = auto()
    """See what is in it and what was, who wrote it, and who is there."""

    COMMENT = auto()

    EDIT = auto()
    """Write, name versions and go back to one, change the title."""

    CREATE = auto()

    DISCARD_VERSION = auto()

    DELETE = auto()
    """Put it into the trash, and take it out again."""


LEAST_ROLE: Final[Mapping[Action, Role]] = {
    Action.READ: Role.READER,
    Action.COMMENT: Role.COMMENTER,
    Action.EDIT: Role.EDITOR,
    Action.CREATE: Role.EDITOR,
    Action.DISCARD_VERSION: Role.OWNER,
    Action.DELETE: Role.OWNER,
}
"""The least role that may do it; whoever has none may do nothing."""


class Policy:
    """Tells what an identity may do."""

    async def role_in(self, identity: Identity, document: DocumentName) -> Role | None:
        """Return the strongest role that somebody has in a document, whether there is such a document or not; `None` for none."""
        return identity.role_in(document)

    async def check(self, identity: Identity, document: DocumentName, action: Action) -> Role:
        """Return the role by which somebody may do this.

        Raises `Forbidden`; to whoever has no role the answer is the same whether there is such a document or not, so ask this before
        anything is looked up.
        """
        role = await self.role_in(identity, document)
        if role is None:
            raise Forbidden("you have no role in this document; expected a token whose `documents` names it")
        if not allows(role, action):
            raise Forbidden(
                f"you are a {role.name.lower()} of this document; expected {LEAST_ROLE[action].name.lower()} or more"
            )
        return role


def allows(role: Role, action: Action) -> bool:
    """Tell whether a role is enough for this."""
    return role >= LEAST_ROLE[action]
