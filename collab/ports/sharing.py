"""Who has which role in a document beside what access tokens say, and the news of its changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType, Protocol

from collab.ports.documents import DocumentId, DocumentName
from collab.ports.roles import Role, strongest
from collab.ports.workspaces import WorkspaceName

ChangeNumber = NewType("ChangeNumber", int)
"""How far somebody has followed the changes of rights; they grow."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a role in a document."""

    user_id: str
    name: str | None
    """As their account calls them, or as they were called when they last wrote something here; `None` where they never have."""

    role: Role
    granted_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Shared:
    """What somebody has a role in by membership. A name counts to the letter, though it may end in a `*`, as a pattern does."""

    documents: Mapping[DocumentName, Role] = field(default_factory=dict)
    workspaces: Mapping[WorkspaceName, Role] = field(default_factory=dict)

    def role_in(self, document: str) -> Role | None:
        """Return the strongest role in this document."""
        workspace, slash, _ = document.partition("/")
        in_workspace = self.workspaces.get(WorkspaceName(workspace)) if slash else None
        return strongest(self.documents.get(DocumentName(document)), in_workspace)

    @property
    def patterns(self) -> list[str]:
        """Names, and prefixes that end in `*`, which match all of these and may match more."""
        return [*self.documents, *(f"{workspace}/*" for workspace in self.workspaces)]


class ShareStore(Protocol):
    """Keeps the members of documents, and knows those of workspaces. Users are named as `Identity.user_id` names them.

    A membership belongs to one life of a document: its successor of the same name has none of them.
    Every method raises `DatabaseUnavailable` when the database cannot do it now; then nothing was changed.
    """

    async def role_of(self, user_id: str, name: DocumentName, *, in_trash: bool = False) -> Role | None:
        """Return the strongest role of a user by membership in the living document of this name, and in the workspace that it is in.

        `in_trash` takes the document deleted last, where none lives. The workspace counts whether there is such a document or not; `None`
        where there is neither.
        """
        ...

    async def roles_of(self, user_id: str) -> Shared:
        """Return the roles of a user in all living documents and workspaces that they are a member of."""
        ...

    async def members(self, document: DocumentId) -> Sequence[Member]:
        """Return the members, the one added first at the beginning."""
        ...

    async def set_member(
        self, document: DocumentId, user_id: str, role: Role, *, granted_by: str, keep_an_owner: bool = False
    ) -> tuple[Member, bool]:
        """Make somebody a member, or give a member another role; return them, and whether the role is another. Harmless to repeat.

        Raises `TooManyMembers`, and `LastOwner` where an owner is to be kept and no member would be one.
        """
        ...

    async def remove_member(self, document: DocumentId, user_id: str, *, keep_an_owner: bool = False) -> bool:
        """End a membership; tell whether there was one. Raises `LastOwner` as `set_member` does."""
        ...

    async def latest_change(self) -> ChangeNumber:
        """Return the number of the latest change of anybody's rights."""
        ...

    async def changed_since(self, number: ChangeNumber) -> tuple[ChangeNumber, frozenset[str]]:
        """Return the latest number, and whose rights have changed since another, on whichever node: users, and bearers of links.

        Documents that were deleted are among them as `document_subject` names them.
        """
        ...
