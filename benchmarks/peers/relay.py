"""The least a server can do: every sync message goes to all others in its room as it came, and nothing is kept: python relay.py HOST PORT.

It speaks the y-websocket dialect as far as that: the room is the path, and whoever asks for a document is told that it is empty.
"""

import sys
from collections import defaultdict
from typing import Final

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

STEP1: Final = b"\x00\x00"
STEP2: Final = b"\x00\x01"
EMPTY_STEP2: Final = b"\x00\x01\x02\x00\x00"
SYNC: Final = b"\x00"


class Connection(WSListener):
    """One client of a room."""

    def __init__(self, room: set[WSTransport]) -> None:
        self._room = room

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._room.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.BINARY:
            return
        message = frame.get_payload_as_bytes()
        if message.startswith(STEP1):
            transport.send(WSMsgType.BINARY, EMPTY_STEP2)
        elif message.startswith(SYNC) and not message.startswith(STEP2):
            for other in self._room:
                if other is not transport:
                    other.send(WSMsgType.BINARY, message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._room.discard(transport)


async def main(host: str, port: str) -> None:
    rooms: defaultdict[bytes, set[WSTransport]] = defaultdict(set)

    def connect(request: WSUpgradeRequest) -> Connection:
        return Connection(rooms[bytes(request.path)])

    server = await ws_create_server(connect, host, int(port))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
