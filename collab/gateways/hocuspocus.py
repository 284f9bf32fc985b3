"""The Hocuspocus door: `/hocuspocus`, many documents on one WebSocket.

A *seat* is what a connection has at one address. Its states:

::

    waiting ──token, or in open mode a first step 1──▶ entering ──let in──▶ seated
       ▲                                                  │                    │
       └──────────────────── denied ◀─────────────────────┴──── revoked ───────┘

A client sends its token and goes on at once, without waiting for the answer; so what it sends while waiting or entering is kept, in order
and bounded, and taken in once it is seated. Denied, it may try again with another token on the same socket.
"""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Final

import anyio
import structlog

from collab.errors import (
    AccessError,
    CollabError,
    CorruptDocument,
    DocumentError,
    Forbidden,
    LimitExceeded,
    ProtocolError,
    Unauthenticated,
)
from collab.gateways.admission import Admission, Entrance
from collab.gateways.closing import words_of
from collab.gateways.connection import Connection
from collab.hub.live_room import LiveRoom
from collab.protocol.frames import Frame
from collab.protocol.hocuspocus import PONG, Addressed, HocuspocusDialect, HocuspocusMessage, decode
from collab.protocol.messages import Authenticate, Awareness, Leave, Ping, Pong, RoomMessage, SyncStep1
from collab.protocol.names import MAX_NAME_LENGTH
from collab.rooms.session import Rights, Session

log = structlog.get_logger(__name__)

PATH: Final = "/hocuspocus"

MAX_ADDRESS_LENGTH: Final = 2 * MAX_NAME_LENGTH + 1
"""A document's name, U+0000 and a session id, for which a provider takes a UUID."""


RENEWAL_GRACE: Final = 10.0
"""Seconds that a client has to bring another token, after its last has expired and it was asked."""


class SeatState(Enum):
    """Where a client stands at one address."""

    WAITING = auto()
    ENTERING = auto()
    SEATED = auto()
    DENIED = auto()


class Seat:
    """One document of one connection."""

    __slots__ = (
        "dialect",
        "expiry",
        "live",
        "session",
        "state",
        "token_number",
        "unfollow",
        "waiting",
        "waiting_bytes",
    )

    def __init__(self, address: str) -> None:
        self.dialect = HocuspocusDialect(address)
        self.state = SeatState.WAITING
        self.waiting: list[RoomMessage] = []
        self.waiting_bytes = 0
        self.token_number = 0
        """Of the latest token; an earlier one, whose check takes longer, counts no more."""
        self.live: LiveRoom | None = None
        self.session: Session | None = None
        self.expiry: asyncio.TimerHandle | None = None
        self.unfollow: Callable[[], None] | None = None
        """Ends the watch over its rights."""

    def keep(self, message: RoomMessage, size: int) -> None:
        """Keep a message for when the client is seated."""
        self.waiting_bytes += size
        self.waiting.append(message)

    def cancel_expiry(self) -> None:
        """Let the time of its token run out unheeded."""
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None

    def follow_no_more(self) -> None:
        """Let the rights of its user change unheeded."""
        if self.unfollow is not None:
            self.unfollow()
            self.unfollow = None

    def leave(self, state: SeatState) -> None:
        """Leave the room, if the client was in it, and whatever was kept."""
        self.state = state
        self.cancel_expiry()
        self.follow_no_more()
        self.waiting, self.waiting_bytes = [], 0
        if self.live is not None and self.session is not None:
            self.live.leave(self.session)
        self.live = self.session = None


def is_asked_for(connection: Connection) -> bool:
    """Tell whether the upgrade request names this door."""
    return connection.path.rstrip("/") == PATH


async def serve(connection: Connection, entrance: Entrance) -> None:
    """Serve one WebSocket from its upgrade request to its end."""
    try:
        entrance.check_upgrade(connection)
    except CollabError as error:
        log.info("a Hocuspocus client was refused", error=str(error))
        await connection.refuse(error)
        return
    await entrance.connections.run(connection, _HocuspocusConnection(connection, entrance).run)


class _HocuspocusConnection:
    """The seats of one WebSocket."""

    __slots__ = ("_admissions", "_connection", "_entrance", "_limits", "_seats", "_settings", "_timeout")

    def __init__(self, connection: Connection, entrance: Entrance) -> None:
        self._connection = connection
        self._entrance = entrance
        self._settings = entrance.settings
        self._limits = entrance.settings.limits
        self._seats: dict[str, Seat] = {}
        self._admissions: dict[anyio.CancelScope, None] = {}
        """Those under way."""

    async def run(self) -> None:
        """Read until the client goes; then leave every room."""
        self._connection.wire.limit_messages(self._settings.max_pending_bytes)
        self._timeout = asyncio.get_running_loop().call_later(
            self._settings.authentication_timeout, self._connection.end, Unauthenticated("no valid token came in time")
        )
        try:
            await self._connection.serve(self._take)
        finally:
            self._timeout.cancel()
            for seat in self._seats.values():
                seat.leave(SeatState.DENIED)
            for admission in self._admissions:
                admission.cancel()

    def _take(self, frame: bytes) -> None:
        match decode(frame, self._limits):
            case Addressed() as addressed:
                self._receive(addressed, len(frame))
            case Ping():
                self._say(PONG)
            case Pong():
                pass

    def _receive(self, addressed: Addressed, size: int) -> None:
        message = addressed.message
        seat = self._seats.get(addressed.address)
        if seat is None:
            if isinstance(message, (Awareness, Leave)):
                return  # providers of version 2 say goodbye once more after they have left; that must not take a seat again
            seat = self._new_seat(addressed.address)
        if seat.live is not None and seat.session is not None and not isinstance(message, (Authenticate, Leave)):
            seat.live.receive(seat.session, message)
            return
        self._receive_apart(addressed, seat, message, size)

    def _new_seat(self, address: str) -> Seat:
        limit = self._settings.max_documents_per_connection
        if len(self._seats) >= limit:
            raise LimitExceeded(f"a connection asked for more than {limit} documents")
        if len(address) > MAX_ADDRESS_LENGTH:  # every answer repeats it
            raise ProtocolError(f"an address of {len(address)} characters came; expected {MAX_ADDRESS_LENGTH} at most")
        seat = self._seats[address] = Seat(address)
        return seat

    def _receive_apart(self, addressed: Addressed, seat: Seat, message: HocuspocusMessage, size: int) -> None:
        """Take in what is not for the room, or not yet."""
        match message:
            case Leave():
                seat.leave(SeatState.DENIED)
                del self._seats[addressed.address]
            case Authenticate(token, _):
                if seat.state is SeatState.ENTERING:
                    raise ProtocolError("a second token came before the first was answered")
                self._enter(addressed, seat, token)
            case SyncStep1() if seat.state is SeatState.WAITING and self._entrance.access.open:
                self._keep(seat, message, size)
                self._enter(addressed, seat, None)
            case _ if seat.state is SeatState.DENIED:
                log.debug("a message without access was passed over", address=addressed.address)
            case _:
                self._keep(seat, message, size)

    def _keep(self, seat: Seat, message: RoomMessage, size: int) -> None:
        """Keep a message until the client is seated, within the limit for all documents of the connection."""
        limit = self._settings.max_pending_bytes
        if size + sum(other.waiting_bytes for other in self._seats.values()) > limit:
            raise LimitExceeded(f"more than {limit} bytes were sent before the client was let in")
        seat.keep(message, size)

    def _enter(self, addressed: Addressed, seat: Seat, token: str | None) -> None:
        if seat.live is None:
            seat.state = SeatState.ENTERING
        seat.token_number += 1
        self._entrance.connections.start(self._admit_or_end(addressed.document, seat, token, seat.token_number))

    async def _admit_or_end(self, document: str, seat: Seat, token: str | None, number: int) -> None:
        with anyio.CancelScope() as admission:
            self._admissions[admission] = None
            try:
                await self._admit(document, seat, token, number)
            except Exception:
                log.exception("a Hocuspocus client was not let in", address=seat.dialect.address)
                self._connection.end(CollabError("internal error"))
            finally:
                del self._admissions[admission]

    async def _admit(self, document: str, seat: Seat, token: str | None, number: int) -> None:
        """Check a token and seat the client; or, where it is seated, check its right to stay."""
        try:
            admission = await self._entrance.admit(self._connection, document, token)
            if number != seat.token_number:
                return
            if seat.live is not None and seat.session is not None:
                if (
                    admission.has_ended
                ):  # which may let it in for clocks that differ; here it would only be asked for again, and again
                    raise Unauthenticated("the access token has expired")
                if admission.rights.user_id != seat.session.rights.user_id:  # what they write is another's from now on
                    seat.leave(SeatState.ENTERING)
                    await self._seat(seat, admission)
                    return
                seat.live.change_rights(seat.session, admission.rights)
                self._let_in(seat, admission)
            elif seat.state is SeatState.ENTERING:
                await self._seat(seat, admission)
        except CollabError as error:
            has_left = seat.state not in (SeatState.ENTERING, SeatState.SEATED)  # and may have another seat there
            if number == seat.token_number and not has_left:
                self._part_with(seat, error)

    async def _seat(self, seat: Seat, admission: Admission) -> None:
        name, rights = admission.name, admission.rights
        live, session = await self._entrance.join(
            name, rights, seat.dialect, self._connection.wire, partial(self._part_with, seat)
        )
        if seat.state is not SeatState.ENTERING:  # the client left meanwhile
            live.leave(session)
            return
        seat.live, seat.session, seat.state = live, session, SeatState.SEATED
        self._timeout.cancel()  # who has been let in once may go from document to document
        self._connection.wire.limit_messages(self._settings.max_message_bytes)
        self._let_in(seat, admission)  # the room greets it at its next flush, and so after this
        log.info("session opened", document=name, session=session.id, user=rights.user_id)
        waited, seat.waiting, seat.waiting_bytes = seat.waiting, [], 0
        for message in waited:
            live.receive(session, message)

    def _let_in(self, seat: Seat, admission: Admission) -> None:
        self._say_scope(seat, admission.rights)
        seat.follow_no_more()
        seat.unfollow = self._entrance.follow(admission, partial(self._change_rights, seat))
        seat.cancel_expiry()
        ended = self._ask_for_another_token if admission.is_renewable else self._end_of_access
        seat.expiry = admission.when_it_ends(partial(ended, seat))

    def _change_rights(self, seat: Seat, rights: Rights | None) -> None:
        """Have a client go on with other rights, or part with it where it has none any more."""
        if rights is None:
            self._part_with(seat, Forbidden("you have no role in this document any more"))
        elif seat.live is not None and seat.session is not None:
            seat.live.change_rights(seat.session, rights)
            self._say_scope(seat, rights)

    def _say_scope(self, seat: Seat, rights: Rights) -> None:
        self._say(seat.dialect.authenticated("read-write" if rights.may_write else "readonly"))

    def _ask_for_another_token(self, seat: Seat) -> None:
        """Ask a client whose token has expired for one that has not; without one it is let in no longer."""
        self._say(seat.dialect.token_request())
        expired = Unauthenticated("the access token has expired")
        seat.expiry = asyncio.get_running_loop().call_later(RENEWAL_GRACE, self._part_with, seat, expired)

    def _end_of_access(self, seat: Seat) -> None:
        """Part with whoever came by what has ended, and is not given anew."""
        self._part_with(seat, Unauthenticated("the key or the link has expired"))

    def _part_with(self, seat: Seat, error: CollabError) -> None:
        """Deny the client this document, or end the connection where only that makes it start anew.

        After a denial a client waits for a person, or for another token; a server that has a bad moment must not put it there. And it
        must not be told to close one document for good: a provider that was stays connected, and silent.
        """
        seat.leave(SeatState.DENIED)
        if isinstance(error, (AccessError, DocumentError, CorruptDocument)):
            log.info("a Hocuspocus client was denied a document", address=seat.dialect.address, error=str(error))
            self._say(seat.dialect.permission_denied(words_of(error)))
        else:
            self._connection.end(error)

    def _say(self, payload: bytes) -> None:
        self._connection.wire.write(Frame.binary(payload))
