"""Who is let into which document, at every WebSocket door alike."""

import asyncio
import colorsys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from uuid import uuid4

from collab.access import Action, Pages, Policy, allows, check_client, check_host
from collab.errors import DatabaseUnavailable, ServerDraining
from collab.gateways.connection import Connection
from collab.gateways.connections import Connections
from collab.hub import Hub
from collab.hub.live_room import EndSession, LiveRoom
from collab.ports import Authenticator, ChangeNumber, DocumentName, Identity, Role
from collab.protocol.dialect import Dialect
from collab.protocol.names import check_document_name
from collab.rooms.session import JsonObject, Rights, Session, SessionId, Wire
from collab.services.live_rights import LiveRights
from collab.settings import Settings

LONGEST_ADMISSION: Final = 366 * 24 * 3600.0
"""Seconds; a token that says it is valid for longer is looked at again by then, when its bearer has long reconnected."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the bearer of a token may do in a document, and until when."""

    name: DocumentName
    role: Role
    rights: Rights
    identity: Identity
    as_of: ChangeNumber
    """The latest change of rights that this knows of for certain."""

    @property
    def is_renewable(self) -> bool:
        """Whether there may be another token once this has expired; a key or a link is what it is."""
        return self.identity.key is None and self.identity.link is None

    @property
    def has_ended(self) -> bool:
        """Whether the token has expired, however little ago."""
        expires_at = self.identity.expires_at
        return expires_at is not None and expires_at <= time.time()

    def when_it_ends(self, end: Callable[[], None]) -> asyncio.TimerHandle | None:
        """Have this called when the token expires; returns what cancels that."""
        if self.identity.expires_at is None:
            return None
        delay = min(max(self.identity.expires_at - time.time(), 0.0), LONGEST_ADMISSION)
        return asyncio.get_running_loop().call_later(delay, end)


@dataclass(frozen=True, slots=True)
class Entrance:
    """What every WebSocket door needs to let somebody in."""

    hub: Hub
    access: Authenticator
    policy: Policy
    rights: LiveRights
    connections: Connections
    settings: Settings
    pages: Pages

    def check_upgrade(self, connection: Connection) -> None:
        """Refuse what no token could help. Raises `ServerDraining`, `DatabaseUnavailable` or `Forbidden`."""
        if self.hub.draining:
            raise ServerDraining("the server is going down; come back in a moment")
        if self.hub.committer.is_full:
            raise DatabaseUnavailable("more edits wait for the database than may; come back in a moment")
        check_client(connection.client_host, open_mode=self.access.open)
        host = connection.header("host")
        check_host(host, open_mode=self.access.open)
        self.pages.check(connection.headers("origin"), host, secure=connection.is_secure)

    async def admit(self, connection: Connection, raw_name: str, token: str | None) -> Admission:
        """Tell what somebody may do in a document, by this token or their browser's session.

        Raises `InvalidName`, `Unauthenticated`, and `Forbidden` to whoever has no role there, whether there is such a document or not;
        and `LimitExceeded` to whoever is let in on as many connections as may be.
        """
        name = DocumentName(check_document_name(raw_name))
        as_of = self.rights.seen
        identity = await self.access.authenticate(connection.credentials(token))
        role = await self.policy.check(identity, name, Action.READ)
        self.connections.count_for_user(connection, identity.user_id)
        user = user_of(identity) if identity.user_id else None
        rights = Rights(may_write=allows(role, Action.EDIT), user=user, user_id=identity.user_id)
        return Admission(name, role, rights, identity, as_of)

    def follow(self, admission: Admission, on_rights: Callable[[Rights | None], None]) -> Callable[[], None] | None:
        """Have this called with the rights that somebody has from then on, `None` for none, whenever their role is another.

        Another role may give the same rights here, and yet be news: what somebody may do over REST hangs on it.
        Returns what ends that; `None` for a guest in open mode, whose rights are what the mode gives.
        """
        if not admission.identity.subjects:
            return None
        known: Role | None = admission.role

        def take(role: Role | None) -> None:
            nonlocal known
            if role == known:
                return
            known = role
            on_rights(None if role is None else replace(admission.rights, may_write=allows(role, Action.EDIT)))

        follower = self.rights.follow(admission.identity, admission.name, admission.as_of, take)
        return partial(self.rights.leave, follower)

    async def join(
        self, name: DocumentName, rights: Rights, dialect: Dialect, wire: Wire, end: EndSession
    ) -> tuple[LiveRoom, Session]:
        """Open a room and take a seat in it. Raises what `Hub.open` does."""
        session = Session(SessionId(uuid4().hex), dialect, wire, rights, outbox_bytes=self.settings.outbox_bytes)
        return await self.hub.join(name, session, end, create=True), session


def user_of(identity: Identity) -> JsonObject:
    """Return what presence shows of a verified user."""
    return {
        "id": identity.user_id,
        "name": identity.name,
        "color": identity.color or _color_of(identity.user_id),
        "picture": identity.picture,
    }


def _color_of(user_id: str) -> str:
    """Return a colour that stays with a user whose token names none: of middle lightness, legible on both themes."""
    hue = zlib.crc32(user_id.encode()) % 360 / 360
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.42, 0.65))
    return f"#{red:02x}{green:02x}{blue:02x}"
