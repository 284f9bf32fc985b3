"""Documents that nest so deep that the CRDT's recursion would run out of an ordinary stack."""

from pathlib import Path

import httpx

from collab.protocol.lib0 import var_uint
from tests.support.server import RunningServer

DEPTH = 100_000
CLIENT = 70
MAP_IN_ROOT = b"\x07\x01\x01r\x01"
YJS_UPDATE = {"content-type": "application/octet-stream"}


def nested_maps(depth: int) -> bytes:
    """An update of maps, each the value of a key in the one before."""
    inner = b"".join(b"\x27\x00" + var_uint(CLIENT) + var_uint(clock) + b"\x01k\x01" for clock in range(depth - 1))
    return b"\x01" + var_uint(depth) + var_uint(CLIENT) + b"\x00" + MAP_IN_ROOT + inner + b"\x00"


DELETE_OUTERMOST = b"\x00\x01" + var_uint(CLIENT) + b"\x01\x00\x01"


def test_deleting_the_outermost_of_100_000_nested_maps_leaves_the_server_alive(tmp_path: Path) -> None:
    server = RunningServer.start(tmp_path)
    try:
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as api:
            api.post("/documents", json={"name": "deep", "kind": "yjs"}).raise_for_status()
            for update in (nested_maps(DEPTH), DELETE_OUTERMOST):
                api.post("/documents/deep/content", content=update, headers=YJS_UPDATE).raise_for_status()

            assert api.get("/documents/deep/content?format=update").status_code == 200
            assert server.is_running
    finally:
        server.kill()
