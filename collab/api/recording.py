"""What the endpoints write into the audit log."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request

from collab.access import address_of
from collab.api.services import ServicesOfApp
from collab.api.standing import still_in
from collab.errors import CollabError, DatabaseUnavailable, SignInDelayed
from collab.ports import Act, AuditAction, AuditLog, Authenticator, Identity
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
    _access: Authenticator
    _request: Request

    @asynccontextmanager
    async def together(self, may: Callable[[Identity], Awaitable[object]] | None = None) -> AsyncIterator[None]:
        """Have an act and its entry be one transaction, as `AuditLog.together` does, if whoever calls still may.

        That is asked anew within, where nobody else changes any rights before the end: to have had them when the call came is not enough.
        `may` asks it of who they are now. Raises what it does, and what `still_in` does.
        """
        identity = getattr(self._request.state, "identity", None)
        async with self._log.together():
            if identity is not None:
                now = await still_in(self._access, identity)
                if may is not None:
                    await may(now)
            yield

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
    return Recorder(services.audit, services.trail, services.access, request)


Recording = Annotated[Recorder, Depends(recorder_of)]
