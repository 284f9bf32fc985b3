"""A browser without a screen: it keeps cookies, follows redirects one by one, and fills in the provider's forms."""

import ssl
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx

CALLBACK: Final = "/api/v1/oidc/callback"
_MOST_STEPS: Final = 20


class Browser:
    """Somebody's browser at a server."""

    def __init__(self, server: str, trusted: ssl.SSLContext | None = None) -> None:
        """Open it; `trusted` is what it trusts other than the authorities of this machine."""
        self._server = server
        verify = True if trusted is None else trusted
        self.client = httpx.AsyncClient(base_url=server, headers={"User-Agent": "Browser"}, verify=verify)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def start(self, return_to: str = "/", *, link: bool = False) -> httpx.Response:
        """Press the button of the sign-in page, or that of the account's."""
        return await self.client.get(
            "/api/v1/oidc/start",
            params={"return_to": return_to, **({"link": "true"} if link else {})},
            headers={"Sec-Fetch-Site": "same-origin"},
        )

    async def log_in(self, begun: httpx.Response, person: str) -> str:
        """Log in at the provider, consent, and return the address that it sends the browser back to."""
        answered = begun
        for _ in range(_MOST_STEPS):
            if answered.has_redirect_location:
                address = str(answered.url.join(answered.headers["Location"]))
                if address.startswith(self._server):
                    return address
                answered = await self.client.get(address)
                continue
            assert answered.status_code == 200, answered.text
            assert "/interaction/" in str(answered.url), answered.text
            prompt = "login" if 'name="login"' in answered.text else "consent"
            form = {"prompt": prompt, **({"login": person, "password": "any"} if prompt == "login" else {})}
            answered = await self.client.post(answered.url, data=form)
        raise AssertionError("the provider sends the browser around in circles")

    async def come_back(self, address: str) -> httpx.Response:
        """Follow the provider's redirect, as browsers do that come from another site: without the session's `Strict` cookie."""
        session = self.client.cookies.get("collab_session")
        if session is not None:
            self.client.cookies.delete("collab_session")
        return await self.client.get(address)

    async def sign_in(self, person: str, return_to: str = "/", *, link: bool = False) -> httpx.Response:
        """Go to the provider and back."""
        return await self.come_back(await self.log_in(await self.start(return_to, link=link), person))

    async def sign_in_with_password(self, email: str, password: str) -> None:
        """Fill in the sign-in page."""
        answered = await self.post("/api/v1/session", {"email": email, "password": password})
        assert answered.status_code == 200, answered.text

    async def name(self) -> str | None:
        """Return who is signed in."""
        answered = await self.client.get("/api/v1/session")
        return None if answered.status_code == 401 else str(answered.json()["user"]["name"])

    async def post(self, path: str, body: object) -> httpx.Response:
        """Send what a page of the server would."""
        return await self.client.post(path, json=body, headers={"Origin": self._server})

    async def delete(self, path: str) -> httpx.Response:
        """Send what a page of the server would."""
        return await self.client.delete(path, headers={"Origin": self._server})


def parameters(address: str) -> dict[str, str]:
    """Return the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def refusal(answered: httpx.Response) -> str:
    """Return why nobody was signed in, and check that nobody was."""
    assert "collab_session" not in answered.headers.get("Set-Cookie", "")
    page, _, reason = answered.headers["Location"].partition("#sign-in-failed=")
    assert page.startswith("/")
    return str(reason)
