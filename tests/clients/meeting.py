"""One document on a real server, and a process of real clients that may join it."""

from dataclasses import dataclass

from tests.clients.process import HOCUSPOCUS_VERSIONS, VERSIONS, Client, ClientProcess
from tests.support.server import RunningServer


@dataclass(frozen=True)
class Meeting:
    """Where the clients of one test meet; no other test uses this document."""

    server: RunningServer
    process: ClientProcess
    document: str

    def url(self, version: str) -> str:
        """Return where a client of this version connects to."""
        return self.server.websocket_url + ("/hocuspocus" if version in HOCUSPOCUS_VERSIONS else "/sync")

    def join(self, version: str, name: str = "client", *, document: str | None = None, **options: object) -> Client:
        """Let a client join, without waiting for anything; the document is the meeting's unless another is named."""
        return self.process.join(name, version, self.url(version), document or self.document, **options)

    def join_synced(
        self, version: str, name: str = "client", *, document: str | None = None, **options: object
    ) -> Client:
        """Let a client join, and wait until it is synced and has nothing to save."""
        client = self.join(version, name, document=document, **options)
        client.until(synced=True, unsynced=0 if version in HOCUSPOCUS_VERSIONS else None)
        return client

    def join_all(self) -> dict[str, Client]:
        """Let one client of each version join, and wait until all are synced."""
        clients = {version: self.join(version, version) for version in VERSIONS}
        for client in clients.values():
            client.until(synced=True)
        return clients

    def open_socket(self, version: str) -> None:
        """Open the Hocuspocus socket that clients share who join with `socket="shared"`."""
        self.process.request("open_socket", socket="shared", version=version, url=self.url(version))
