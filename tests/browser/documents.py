"""Documents as the REST API knows them."""

from urllib.parse import quote

import httpx

DOCUMENTS = "/api/v1/documents"


class Documents:
    """Creates and reads documents without a browser."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, name: str, title: str = "Untitled", kind: str = "richtext") -> str:
        """Create a document and return its name."""
        body = {"name": name, "title": title, "kind": kind}
        self._client.post(DOCUMENTS, json=body).raise_for_status()
        return name

    def delete(self, name: str) -> None:
        """Put a document into the trash."""
        self._client.delete(self._path(name)).raise_for_status()

    def restore(self, name: str) -> None:
        """Take a document out of the trash."""
        self._client.post(f"{self._path(name)}/restore").raise_for_status()

    def rename(self, name: str, title: str) -> None:
        """Give a document another title."""
        self._client.patch(self._path(name), json={"title": title}).raise_for_status()

    def title(self, name: str) -> str:
        """Return a document's title."""
        answer = self._client.get(self._path(name)).raise_for_status()
        return str(answer.json()["title"])

    def exists(self, name: str) -> bool:
        """Tell whether there is a living document of this name."""
        return self._client.get(self._path(name)).is_success

    @staticmethod
    def _path(name: str) -> str:
        return f"{DOCUMENTS}/{quote(name, safe='')}"
