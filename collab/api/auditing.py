"""What the endpoints write into the audit log, and how admins read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from collab.access import address_of
from collab.api.caller import Admin
from collab.api.models import Moment
from collab.api.paths import LARGEST_ID
from collab.api.services import ServicesOfApp
from collab.errors import CollabError, SignInDelayed
from collab.ports import Act, AuditAction, AuditEntry, AuditFilter, Identity
from collab.services.audit_trail import AuditTrail, yes_or_no

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

MAX_PAGE: Final = 500
_Text = Annotated[str | None, Query(max_length=512)]


def _by(identity: Identity | None) -> dict[str, str]:
    """Return by what the caller came, beside who they are: a key, or a link."""
    if identity is None or (identity.key is None and identity.link is None):
        return {}
    return {"by": f"link:{identity.link}" if identity.key is None else f"key:{identity.key}"}


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes acts of one request down."""

    _trail: AuditTrail
    _request: Request

    async def note(
        self,
        action: AuditAction,
        actor: str,
        *,
        document: str | None = None,
        subject: str | None = None,
        **details: str,
    ) -> None:
        """Write down what a user did, as `AuditTrail.note` does. Raises `DatabaseUnavailable`."""
        details |= _by(getattr(self._request.state, "identity", None))
        await self._trail.note(Act(action, actor, address_of(self._request.scope), document, subject, details))

    async def refusal(
        self,
        action: AuditAction,
        error: CollabError,
        actor: str = "",
        *,
        document: str | None = None,
        subject: str | None = None,
        **details: str,
    ) -> None:
        """Write down that somebody was refused, and whether it was for having failed too often before. Raises as `note` does."""
        delayed = yes_or_no(isinstance(error, SignInDelayed))
        await self.note(action, actor, document=document, subject=subject, delayed=delayed, **details)


def recorder_of(services: ServicesOfApp, request: Request) -> Recorder:
    """Return what writes down the acts of this request."""
    return Recorder(services.trail, request)


Recording = Annotated[Recorder, Depends(recorder_of)]


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
    document: _Text = None,
    subject: _Text = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> AuditPage:
    """Read who did what about who may do what, the newest first. For admins. Nothing is ever taken out of it."""
    wanted = AuditFilter(
        actions=frozenset(action) if action else None,
        actor=actor,
        document=document,
        subject=subject,
        since=since,
        until=until,
    )
    entries = await services.audit.page(wanted, limit=limit + 1, before=before)
    shown = [AuditEntryInfo.of(entry) for entry in entries[:limit]]
    return AuditPage(entries=shown, next_before=shown[-1].id if len(entries) > limit else None)
