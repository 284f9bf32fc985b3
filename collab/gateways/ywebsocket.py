"""The y-websocket door: `/sync/{document}`, one document for each WebSocket."""

from functools import partial
from typing import Final
from urllib.parse import unquote_to_bytes

import structlog

from collab.errors import CollabError, Forbidden, InvalidName, Unauthenticated
from collab.gateways.admission import Admission, Entrance
from collab.gateways.connection import Connection
from collab.hub.live_room import LiveRoom
from collab.protocol.ywebsocket import YWebsocketDialect, decode
from collab.rooms.session import Rights, Session

log = structlog.get_logger(__name__)

PREFIX: Final = b"/sync/"


def is_asked_for(connection: Connection) -> bool:
    """Tell whether the upgrade request names this door."""
    return connection.raw_path.startswith(PREFIX)


async def serve(connection: Connection, entrance: Entrance) -> None:
    """Serve one WebSocket from its upgrade request to its end."""
    try:
        entrance.check_upgrade(connection)
        admission = await entrance.admit(connection, _document_of(connection.raw_path), connection.token())
        await entrance.hub.open(admission.name, create=True)
    except CollabError as error:
        log.info("a y-websocket client was refused", error=str(error))
        await connection.refuse(error)
        return
    await entrance.connections.run(connection, partial(_talk, connection, entrance, admission))


async def _talk(connection: Connection, entrance: Entrance, admission: Admission) -> None:
    name, rights = admission.name, admission.rights
    expiry = admission.when_it_ends(lambda: connection.end(Unauthenticated("the access token has expired")))
    live, session = await entrance.join(name, rights, YWebsocketDialect(), connection.wire, connection.end)
    log.info("session opened", document=name, session=session.id, user=rights.user_id)
    limits = entrance.settings.limits
    unfollow = entrance.follow(admission, partial(_change_rights, connection, live, session))
    try:
        await connection.serve(lambda frame: live.receive(session, decode(frame, limits)))
    finally:
        if unfollow is not None:
            unfollow()
        if expiry is not None:
            expiry.cancel()
        live.leave(session)
        log.info("session closed", document=name, session=session.id)


def _change_rights(connection: Connection, live: LiveRoom, session: Session, rights: Rights | None) -> None:
    """Have a client go on with other rights, or end it where it may do less: the dialect has no word for that but a final close code."""
    if rights is None or session.rights.may_write > rights.may_write:
        connection.end(Forbidden("your role in this document has changed; load it again"))
    else:
        live.change_rights(session, rights)


def _document_of(raw_path: bytes) -> str:
    """Return the whole rest of the path, percent-decoded."""
    try:
        return unquote_to_bytes(raw_path.removeprefix(PREFIX)).decode()
    except UnicodeDecodeError:
        raise InvalidName("the document's name in the path is not UTF-8") from None
