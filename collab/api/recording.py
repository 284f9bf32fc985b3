"""What the endpoints write into the audit log."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request

from collab.access import address_of
from collab.api.services import ServicesOfApp
from collab.errors import CollabError, DatabaseUnavailable, SignInDelayed
from collab.ports import Act, AuditAction, AuditLog, Identity
from collab.services.audit_trail import AuditTrail, yes_or_no

log = structlog.get_logger(__name__)


def _by(identity: Identity | None) -> dict[str, str]:
    """Return by what the caller came, beside who they are: a key, or a link."""
    if identity is None or (identity.key is None and identity.link is None):
        return {}
    return {"by": f"link:{identity.link}" if identity.key is None else f"key:{identity.key}"}


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes acts of one request down."""

    _log: AuditLog
    _trail: AuditTrail
    _request: Request

    def together(self) -> AbstractAsyncContextManager[None]:
        """Have an act and its entry be one transaction, as `AuditLog.together` does."""
        return self._log.together()

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

    async def admins_alone(self, actor: str) -> None:
        """Write down that somebody asked for what is for admins alone. They are refused all the same where that cannot be done."""
        asked = f"{self._request.method} {self._request.scope['route'].path}"
        try:
            await self.note(AuditAction.ADMIN_REFUSED, actor, asked=asked)
        except DatabaseUnavailable as error:
            log.warning("a refusal is not in the audit log", error=str(error))


def recorder_of(services: ServicesOfApp, request: Request) -> Recorder:
    """Return what writes down the acts of this request."""
    return Recorder(services.audit, services.trail, request)


Recording = Annotated[Recorder, Depends(recorder_of)]
