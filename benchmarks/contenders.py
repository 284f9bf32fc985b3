"""Who is measured: servers, and the doors by which clients enter them."""

import json
import shutil
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
    """Return how to start Collab; its database is an SQLite file in the directory, unless another is named."""
    script = Path(sysconfig.get_path("scripts")) / "collab"
    settings = {} if database_url is None else {"COLLAB_DATABASE_URL": database_url}
    return Command([str(script), "serve", "--bind", f"{HOST}:{port}", "--data-dir", str(directory)], settings)


def _hocuspocus_command(port: int, directory: Path) -> Command:
    return _node(_PEERS / "hocuspocus.js", str(port), str(directory / "hocuspocus.db"))


def _y_websocket_server_command(port: int, directory: Path) -> Command:  # noqa: ARG001 - it keeps nothing
    return _node(_MODULES / "@y/websocket-server/src/server.js", environment={"HOST": HOST, "PORT": str(port)})


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

SERVERS: Final = (COLLAB, HOCUSPOCUS, Y_WEBSOCKET_SERVER)
CONTENDERS: Final = (
    Contender(COLLAB, "Collab, y-websocket", "/sync", YWebsocketClient, ours=True),
    Contender(COLLAB, "Collab, Hocuspocus", "/hocuspocus", HocuspocusClient, ours=True),
    Contender(HOCUSPOCUS, "@hocuspocus/server with SQLite", "", HocuspocusClient),
    Contender(Y_WEBSOCKET_SERVER, "@y/websocket-server, in memory", "", YWebsocketClient),
)
