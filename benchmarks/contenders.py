"""Who is measured: servers, and the doors by which clients enter them."""

import json
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

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
    """Return how to start Collab; its database is an SQLite file in the directory, unless another is named.

    The writers of the fastest runs send more messages than one client may by default, where the peers have no such limit.
    """
    script = Path(sysconfig.get_path("scripts")) / "collab"
    settings = {"COLLAB_MESSAGES_PER_SECOND": "1000000", "COLLAB_MESSAGE_BURST": "1000000"}
    if database_url is not None:
        settings["COLLAB_DATABASE_URL"] = database_url
    return Command([str(script), "serve", "--bind", f"{HOST}:{port}", "--data-dir", str(directory)], settings)


def _hocuspocus_command(port: int, directory: Path) -> Command:
    return _node(_PEERS / "hocuspocus.js", str(port), str(directory / "hocuspocus.db"))


def _y_websocket_server_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _node(_MODULES / "@y/websocket-server/src/server.js", environment={"HOST": HOST, "PORT": str(port)})


def _python(script: str, port: int) -> Command:
    return Command([sys.executable, str(_PEERS / script), HOST, str(port)])


def _pycrdt_websocket_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _python("pycrdt_websocket_server.py", port)


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
HOCUSPOCUS: Final = Server("@hocuspocus/server", _npm_version("@hocuspocus/server"), _hocuspocus_command)
Y_WEBSOCKET_SERVER: Final = Server(
    "@y/websocket-server", _npm_version("@y/websocket-server"), _y_websocket_server_command
)
PYCRDT_WEBSOCKET: Final = Server("pycrdt-websocket", lambda: version("pycrdt-websocket"), _pycrdt_websocket_command)
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
