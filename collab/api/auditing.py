"""How admins read the audit log."""

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, IPvAnyAddress

from collab.access import canonical
from collab.api.caller import Admin
from collab.api.models import Moment
from collab.api.paths import LARGEST_ID
from collab.api.services import ServicesOfApp
from collab.ports import AuditAction, AuditEntry, AuditFilter

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

MAX_PAGE: Final = 500
_Text = Annotated[str | None, Query(max_length=512)]


class AuditEntryInfo(BaseModel):
    """One act."""

    id: int
    at: datetime
    action: AuditAction
    actor: str = Field(description="The user who did it; empty for a guest, and for the terminal of the machine.")
    actor_name: str | None = Field(description="What they are called now; `null` where nobody knows.")
    address: str | None = Field(description="From where; `null` for the terminal.")
    document: str | None
    subject: str | None = Field(description="Whom, or what beside a document, it was done to.")
    details: dict[str, str]

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Show an entry."""
        act = entry.act
        return cls(
            id=entry.number,
            at=entry.at,
            action=act.action,
            actor=act.actor,
            actor_name=entry.actor_name,
            address=act.address,
            document=act.document,
            subject=act.subject,
            details=dict(act.details),
        )


class AuditPage(BaseModel):
    """A page of the log, the newest entry first."""

    entries: list[AuditEntryInfo]
    next_before: int | None = Field(description="Asks for the next page, as `before`; `null` on the last.")


@router.get("", summary="Read the audit log", response_description="One page.")
async def read_audit_log(
    services: ServicesOfApp,
    _: Admin,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="The last page's `next_before`.")] = None,
    action: Annotated[list[AuditAction] | None, Query(description="One or more; all without any.")] = None,
    actor: _Text = None,
    address: Annotated[IPvAnyAddress | None, Query(description="From where it was done.")] = None,
    document: _Text = None,
    subject: _Text = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> AuditPage:
    """Read who did what about who may do what, the newest first. For admins. Nothing is ever taken out of it."""
    wanted = AuditFilter(
        actions=frozenset(action) if action else None,
        actor=actor,
        address=None if address is None else canonical(str(address)),
        document=document,
        subject=subject,
        since=since,
        until=until,
    )
    entries = await services.audit.page(wanted, limit=limit + 1, before=before)
    shown = [AuditEntryInfo.of(entry) for entry in entries[:limit]]
    return AuditPage(entries=shown, next_before=shown[-1].id if len(entries) > limit else None)
