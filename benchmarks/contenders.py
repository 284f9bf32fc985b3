"""Who is measured: servers, and the doors by which clients enter them."""

import json
import shutil
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.checkpoints import PYCRDT_STORE, shelve_in_pycrdt_store
from benchmarks.dialects import ClientDialect, HocuspocusClient, YWebsocketClient
from benchmarks.failures import RunFailed
from benchmarks.processes import HOST, Command

_PEERS: Final = Path(__file__).parent / "peers"
_MODULES: Final = _PEERS / "node_modules"
_PRODUCTION: Final = {"NODE_ENV": "production"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that can be started."""

    name: str
    version: Callable[[], str]
    command: Callable[[int, Path], Command]
    """Takes the port and an empty directory for what it keeps."""

    fill: Callable[[Path, str, Sequence[bytes]], Awaitable[None]] | None = None
    """Puts a document of these updates, by the path that its clients connect to, into the directory; of a server that takes far too long
    to store it edit by edit."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table: a server, entered by one door."""

    server: Server
    label: str
    door: str
    """Where the server takes the dialect: the path's beginning, without a slash at its end."""

    dialect: Callable[[str], ClientDialect]
    """Takes the room's name."""

    ours: bool = False


def collab_command(port: int, directory: Path, *, database_url: str | None = None) -> Command:
    """Return how to start Collab; its database is an SQLite file in the directory, unless another is named."""
    script = Path(sysconfig.get_path("scripts")) / "collab"
    settings = {} if database_url is None else {"COLLAB_DATABASE_URL": database_url}
    return Command([str(script), "serve", "--bind", f"{HOST}:{port}", "--data-dir", str(directory)], settings)


def _unhurried_command(port: int, directory: Path) -> Command:
    """Return how to start Collab for writers who send more messages than one client may by default; no peer has such a limit."""
    command = collab_command(port, directory)
    return Command(command.arguments, {"COLLAB_MESSAGES_PER_SECOND": "1000000", "COLLAB_MESSAGE_BURST": "1000000"})


def _hocuspocus_command(port: int, directory: Path) -> Command:
    return _node(_PEERS / "hocuspocus.js", str(port), str(directory / "hocuspocus.db"))


def _y_websocket_server_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _node(_MODULES / "@y/websocket-server/src/server.js", environment={"HOST": HOST, "PORT": str(port)})


def _y_websocket_leveldb_command(port: int, directory: Path) -> Command:
    environment = {"HOST": HOST, "PORT": str(port)}
    return _node(_PEERS / "y_websocket_leveldb.js", str(directory / "leveldb"), environment=environment)


def _python(script: str, port: int, *arguments: str) -> Command:
    return Command([sys.executable, str(_PEERS / script), HOST, str(port), *arguments])


def _pycrdt_websocket_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _python("pycrdt_websocket_server.py", port)


def _pycrdt_websocket_sqlite_command(port: int, directory: Path) -> Command:
    return _python("pycrdt_websocket_server.py", port, str(directory / PYCRDT_STORE))


def _relay_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _python("relay.py", port)


def _node(script: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Command:
    node = shutil.which("node")
    if node is None or not _MODULES.is_dir():
        raise RunFailed("the peers are not installed; expected node on the path and `npm ci` in benchmarks/peers")
    return Command([node, str(script), *arguments], {**_PRODUCTION, **(environment or {})})


def _npm_version(package: str) -> Callable[[], str]:
    def read() -> str:
        manifest = json.loads((_MODULES / package / "package.json").read_text())
        return str(manifest["version"])

    return read


COLLAB: Final = Server("Collab", lambda: version("collab"), collab_command)
COLLAB_UNHURRIED: Final = replace(COLLAB, command=_unhurried_command)
HOCUSPOCUS: Final = Server("@hocuspocus/server", _npm_version("@hocuspocus/server"), _hocuspocus_command)
Y_WEBSOCKET_SERVER: Final = Server(
    "@y/websocket-server", _npm_version("@y/websocket-server"), _y_websocket_server_command
)
Y_WEBSOCKET_SERVER_ON_LEVELDB: Final = Server(
    "@y/websocket-server",
    lambda: f"{_npm_version('@y/websocket-server')()} (y-leveldb {_npm_version('y-leveldb')()})",
    _y_websocket_leveldb_command,
)
PYCRDT_WEBSOCKET: Final = Server("pycrdt-websocket", lambda: version("pycrdt-websocket"), _pycrdt_websocket_command)
PYCRDT_WEBSOCKET_ON_SQLITE: Final = Server(
    "pycrdt-websocket",
    lambda: f"{version('pycrdt-websocket')} (pycrdt-store {version('pycrdt-store')})",
    _pycrdt_websocket_sqlite_command,
    shelve_in_pycrdt_store,
)
RELAY: Final = Server("a bare relay", lambda: f"on picows {version('picows')}", _relay_command)

OURS: Final = Contender(COLLAB, "Collab, y-websocket", "/sync", YWebsocketClient, ours=True)
OURS_TO_HOCUSPOCUS_CLIENTS: Final = Contender(COLLAB, "Collab, Hocuspocus", "/hocuspocus", HocuspocusClient, ours=True)
WITH_HOCUSPOCUS: Final = Contender(HOCUSPOCUS, "@hocuspocus/server with SQLite", "", HocuspocusClient)
WITH_Y_WEBSOCKET_SERVER: Final = Contender(Y_WEBSOCKET_SERVER, "@y/websocket-server, in memory", "", YWebsocketClient)
WITH_PYCRDT_WEBSOCKET: Final = Contender(PYCRDT_WEBSOCKET, "pycrdt-websocket, in memory", "", YWebsocketClient)
WITH_RELAY: Final = Contender(RELAY, "a bare relay", "", YWebsocketClient)

CONTENDERS: Final = (
    OURS,
    OURS_TO_HOCUSPOCUS_CLIENTS,
    WITH_HOCUSPOCUS,
    WITH_Y_WEBSOCKET_SERVER,
    WITH_PYCRDT_WEBSOCKET,
)

UNHURRIED: Final = tuple(replace(each, server=COLLAB_UNHURRIED) if each.ours else each for each in CONTENDERS)
"""For writers who send more messages than a client of ours may by default."""

KEEPING: Final = (
    *UNHURRIED[:3],
    Contender(Y_WEBSOCKET_SERVER_ON_LEVELDB, "@y/websocket-server with LevelDB", "", YWebsocketClient),
    Contender(PYCRDT_WEBSOCKET_ON_SQLITE, "pycrdt-websocket with SQLite", "", YWebsocketClient),
)
"""Each with a store of its own, and without that limit."""
