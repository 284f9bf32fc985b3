"""How members are shown: those of a document, and those of a workspace."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from collab.api.models import RoleName, role_name
from collab.ports import Member, WorkspaceMember

_Name = Annotated[str | None, Field(description="`null` for somebody who has no account here, and never wrote.")]
_ShownRole = Annotated[RoleName, BeforeValidator(role_name)]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, member: Member | WorkspaceMember) -> Self:
        """Show a member."""
        return cls.model_validate(member)


class MemberInfo(_Shown):
    """Somebody with a role in a document."""

    user_id: str
    name: _Name
    role: _ShownRole
    granted_by: str = Field(description="The user who gave them this role; empty in open mode.")
    created_at: datetime


class WorkspaceMemberInfo(_Shown):
    """Somebody with a role in a workspace."""

    user_id: str
    name: _Name
    role: _ShownRole
    is_default: bool = Field(description="Whether the role is the workspace's default, and changes as that does.")
    granted_by: str
    created_at: datetime
