"""Serves pycrdt-websocket as its documentation shows it, on Hypercorn with uvloop: python pycrdt_websocket_server.py HOST PORT."""

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, cast

import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from pycrdt.websocket import ASGIServer, WebsocketServer, exception_logger

if TYPE_CHECKING:
    from hypercorn.typing import ASGIFramework

BACKLOG = 2048
"""Hypercorn's own, of a hundred, would refuse the clients of the larger workloads before the server could."""


async def main(host: str, port: str) -> None:
    config = Config()
    config.bind = [f"{host}:{port}"]
    config.backlog = BACKLOG
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with WebsocketServer(exception_handler=exception_logger) as server:
        await serve(cast("ASGIFramework", ASGIServer(server)), config, shutdown_trigger=stopping.wait)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
