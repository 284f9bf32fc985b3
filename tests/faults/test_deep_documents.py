"""Documents that nest so deep that the CRDT's recursion would run out of an ordinary stack."""

from pathlib import Path

import httpx

from collab.protocol.lib0 import var_uint
from collab.protocol.limits import MAX_DOCUMENT_TYPES
from tests.support.server import RunningServer

CLIENT = 70
MAP_IN_ROOT = b"\x07\x01\x01r\x01"
YJS_UPDATE = {"content-type": "application/octet-stream"}


def nested_maps(clocks: range) -> bytes:
    """An update of maps, each the value of a key in the one before; the first of all is in a root."""
    maps = [
        b"\x27\x00" + var_uint(CLIENT) + var_uint(clock - 1) + b"\x01k\x01" if clock else MAP_IN_ROOT
        for clock in clocks
    ]
    return b"\x01" + var_uint(len(clocks)) + var_uint(CLIENT) + var_uint(clocks.start) + b"".join(maps) + b"\x00"


DELETE_OUTERMOST = b"\x00\x01" + var_uint(CLIENT) + b"\x01\x00\x01"


def test_nesting_as_deep_as_may_be_leaves_the_server_alive(tmp_path: Path) -> None:
    half = MAX_DOCUMENT_TYPES // 2
    server = RunningServer.start(tmp_path)
    try:
        with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as api:
            api.post("/documents", json={"name": "deep", "kind": "yjs"}).raise_for_status()

            def send(update: bytes) -> httpx.Response:
                return api.post("/documents/deep/content", content=update, headers=YJS_UPDATE)

            for clocks in (range(half), range(half, MAX_DOCUMENT_TYPES)):
                send(nested_maps(clocks)).raise_for_status()
            one_more = send(nested_maps(range(MAX_DOCUMENT_TYPES, MAX_DOCUMENT_TYPES + 1)))
            assert (one_more.status_code, "250000 are allowed in all" in one_more.text) == (422, True), one_more.text
            send(DELETE_OUTERMOST).raise_for_status()

            assert api.get("/documents/deep/content?format=update").status_code == 200
            assert server.is_running
    finally:
        server.kill()
