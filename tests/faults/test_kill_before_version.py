"""A server that is killed before it has taken a version of what was written: the next one takes it."""

from pathlib import Path

import httpx

from tests.clients.process import ClientProcess
from tests.faults.conftest import StartServer
from tests.faults.writing import join
from tests.support.eventually import poll

VERSIONS = "/api/v1/documents/minutes/versions"


def test_edits_of_a_server_that_was_killed_get_their_version_though_nobody_opens_the_document_again(
    servers: StartServer, clients: ClientProcess, tmp_path: Path
) -> None:
    server = servers(tmp_path)
    with httpx.Client(base_url=server.url) as api:
        ada = join(clients, "ada", server, "minutes")
        ada.insert(0, "agreed")
        ada.until(synced=True, unsynced=0)
        assert api.get(VERSIONS).json()["versions"] == []

        server.kill()

        ada.leave()
        server.restart()
        poll(lambda: api.get(VERSIONS).json()["versions"], "a version")
        (version,) = api.get(VERSIONS).json()["versions"]
        content = api.get(f"{VERSIONS}/{version['id']}/content", params={"format": "text"}).text
    assert (version["kind"], content) == ("automatic", "agreed")
