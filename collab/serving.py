"""The server process: its sockets, Hypercorn's configuration, its log, and its end."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from hypercorn.asyncio.run import worker_serve
from hypercorn.config import Config, Sockets
from hypercorn.utils import LifespanFailureError, wrap_app

from collab.access import is_loopback, refuse_open_bind
from collab.app import Collab
from collab.errors import SettingsError
from collab.settings import KIB, MILLISECONDS, SECONDS, Settings
from collab.stacks import deepen_stacks
from collab.storage import migrate
from collab.storage.address import parse_address
from collab.tls import certificate_of

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

BACKLOG: Final = 2048
"""Connections that may wait to be accepted: after a restart all clients come back within a second."""

SWITCH_INTERVAL: Final = 1 * MILLISECONDS
"""How long a thread that compacts or reads may keep the event loop from the interpreter; Python's 5 ms are felt in a room's latency."""

COLLECT_AFTER: Final = 20_000
"""New objects after which the garbage collector looks at the youngest; a busy second makes some ten thousand that refer to nothing."""

HEAD_TIMEOUT: Final = 5 * SECONDS
"""How long a connection may take to send the whole head of a request, and how long it may wait between two: a head is a packet or two."""

HEAD_BYTES: Final = 16 * KIB
"""The largest head of a request; a token in it that names hundreds of documents has room. What is larger is answered 431."""

STREAMS: Final = 100
"""Requests under way on one connection over HTTP/2."""

KEEP_ALIVE_PROBES: Final = 3
"""Times that the system asks a silent connection for a sign of life, within `peer_timeout`."""

GRACE: Final = 2 * SECONDS
"""What requests under way get to finish, after everything is committed and every WebSocket was told to come back."""


class Welcome(Protocol):
    """Says that the server is there."""

    def __call__(self, address: str, *, open_mode: bool, database: str) -> None:
        """Take the address it serves on, whether everybody may edit, and where documents are kept."""
        ...


async def serve_until_stopped(settings: Settings, welcome: Welcome) -> None:
    """Serve until SIGINT or SIGTERM; then drain.

    Raises `SettingsError` for settings to mend, such as a port in use, `DatabaseUnavailable` where the database cannot be opened, and
    `CollabError` when the server itself has failed, so that whoever watches over it starts it again.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    deepen_stacks()
    server = Collab(settings)
    refuse_open_bind(settings)
    config = _hypercorn(settings)
    sockets = _listen(config)
    for listening in _all(sockets):
        _find_out_who_is_gone(listening, settings.peer_timeout)
    if settings.database.startswith("sqlite"):
        await migrate(settings.database)
    stopping = asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(_pass_over_lost_connections)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)

    async def stopped() -> None:
        await stopping.wait()
        await server.drain()

    def ready() -> None:
        _spare_the_collector()
        welcome(
            _address(settings.bind, _all(sockets)[0], secure=config.ssl_enabled),
            open_mode=settings.open_mode,
            database=str(parse_address(settings.database)),
        )

    server.on_ready = ready
    server.on_failure = stopping.set
    application = wrap_app(cast("ASGIFramework", server), 0, "asgi")
    try:
        with suppress(LifespanFailureError):  # which the server's failure explains
            await worker_serve(application, config, sockets=sockets, shutdown_trigger=stopped)
    finally:
        for listening in _all(sockets):
            listening.close()
    if server.failure is not None:
        raise server.failure


def _spare_the_collector() -> None:
    """Take what start-up made, which stays anyway, out of the garbage collector's sight, and have it look less often.

    It would walk all of that again and again, for a tenth of a second each time: more than half of the processor's time under load, and
    felt in every latency.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _listen(config: Config) -> Sockets:
    """Bind and listen, before anything else is done. Raises `SettingsError` where that cannot be."""
    try:
        sockets = config.create_sockets()
    except (OSError, OverflowError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(
            f"cannot listen on {config.bind[0]!r} (COLLAB_BIND): {reason}; expected a free address and port such as 127.0.0.1:8000"
        ) from None
    for listening in _all(sockets):
        listening.listen(BACKLOG)
    return sockets


def _all(sockets: Sockets) -> list[socket.socket]:
    return [*sockets.secure_sockets, *sockets.insecure_sockets]


def _find_out_who_is_gone(listening: socket.socket, seconds: float) -> None:
    """Have the system reset a connection whose client is gone, or takes nothing of what was sent for so long, where it can (Linux).

    Else an answer to a client that does not read it would wait for ever, and so would a request of a machine that has lost its power.
    Hypercorn has a time for reading alone, which costs a task for every piece that is read, and none for sending.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT") or listening.family == socket.AF_UNIX:
        return
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    probe = ceil(seconds / KEEP_ALIVE_PROBES)
    for option, value in (
        (socket.TCP_KEEPIDLE, probe),
        (socket.TCP_KEEPINTVL, probe),
        (socket.TCP_KEEPCNT, KEEP_ALIVE_PROBES),
        (socket.TCP_USER_TIMEOUT, ceil(seconds / MILLISECONDS)),
    ):
        listening.setsockopt(socket.IPPROTO_TCP, option, value)


def _pass_over_lost_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody caught, but not that a connection timed out, which Hypercorn takes for a failure where it closes one."""
    if not isinstance(context.get("exception"), OSError) or "client_connected_cb" not in str(context.get("message")):
        loop.default_exception_handler(context)


def _address(bind: str, listening: socket.socket, *, secure: bool) -> str:
    if listening.family == socket.AF_UNIX:
        return bind
    host, port = listening.getsockname()[:2]
    if not is_loopback(bind) and host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = socket.gethostname()
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _hypercorn(settings: Settings) -> Config:
    """Return Hypercorn's configuration. Raises `SettingsError` for a certificate that cannot be used."""
    config = Config()
    config.bind = [settings.bind]
    if (certificate := certificate_of(settings.certfile, settings.keyfile)) is not None:
        config.certfile, config.keyfile = str(certificate.certfile), str(certificate.keyfile)
    config.ssl_handshake_timeout = HEAD_TIMEOUT
    config.backlog = BACKLOG
    config.graceful_timeout = GRACE
    config.keep_alive_timeout = HEAD_TIMEOUT
    config.h11_max_incomplete_size = HEAD_BYTES
    config.h2_max_header_list_size = HEAD_BYTES
    config.h2_max_concurrent_streams = STREAMS
    config.websocket_max_message_size = settings.max_message_bytes
    config.include_server_header = False
    config.loglevel = "WARNING"
    config.errorlog = logging.getLogger("hypercorn.error")
    return config


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop: uvloop, where there is one."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
