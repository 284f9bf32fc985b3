"""The identity provider: where it sends browsers, and whom it proves to be there.

Sources: OpenID Connect Core 1.0, section 3.1 (authorization code flow); OpenID Connect Discovery 1.0, section 4; RFC 7636; RFC 9207.
"""

import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from urllib.parse import quote_plus

import anyio
import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.auth import ClientAuth
from authlib.oidc.discovery import get_well_known_url

from collab.access.oidc.bounded import BoundedTransport
from collab.access.oidc.configuration import Configuration, is_safe_address
from collab.access.oidc.id_token import SigningKey, UnknownKey, read_keys, verified_claims
from collab.access.oidc.kept import Kept
from collab.errors import IdentityUnavailable, Unauthenticated

FETCH_TIMEOUT: Final = 10.0
"""Seconds for one request, to the end of its answer. A person waits for three of them at most."""

MAX_ROUNDS: Final = 32
"""People whose codes are redeemed at the same time; others wait. So a provider that hangs takes up little."""

MAX_SUBJECT_LENGTH: Final = 255
MAX_NAME_LENGTH: Final = 255
MAX_EMAIL_LENGTH: Final = 254

_BROKEN: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RecursionError,
)
"""What an answer that is none makes of its readers, beside what the network brings."""


@dataclass(frozen=True, slots=True)
class Round:
    """What binds a browser's way to the provider and back together. Each is random, and the provider sees what it needs of it."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider proved to be there."""

    subject: str
    email: str | None
    """What it says the e-mail is."""

    email_verified: bool
    """Whether it says that it has checked that; `False` without an e-mail."""

    name: str | None


@dataclass(frozen=True, slots=True)
class _Endpoints:
    authorization: str
    token: str
    keys: str
    userinfo: str | None
    token_authentication: str
    names_issuer: bool
    """Whether it says who it is in every authorization response."""


class Provider:
    """One identity provider, as its discovery document describes it."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is fetched before somebody wants to sign in."""
        self.configuration = configuration
        self._now = now
        self._endpoints = Kept("the discovery document", self._discover, clock)
        self._keys = Kept("the key set", self._fetch_keys, clock)
        self._rounds = anyio.CapacityLimiter(MAX_ROUNDS)

    async def address_for(self, round_: Round) -> str:
        """Return where to send a browser. Raises `IdentityUnavailable`."""
        endpoints = await self._endpoints.get()
        async with self._client(endpoints, round_.redirect_uri) as client:
            address, _ = client.create_authorization_url(
                endpoints.authorization, state=round_.state, code_verifier=round_.verifier, nonce=round_.nonce
            )
        return str(address)

    async def check_sender(self, issuer: str | None) -> None:
        """Raise `Unauthenticated` where an authorization response comes from another provider (RFC 9207, section 2.4).

        Raises `IdentityUnavailable` as well.
        """
        endpoints = await self._endpoints.get()
        if issuer is None and not endpoints.names_issuer:
            return
        if issuer != self.configuration.issuer:
            raise Unauthenticated(
                "the answer's `iss` is missing, or another provider's; expected the one that was asked"
            )

    async def redeem(self, code: str, round_: Round) -> Proven:
        """Return who the provider says has come back with this code. Raises `Unauthenticated` and `IdentityUnavailable`."""
        endpoints = await self._endpoints.get()
        async with self._rounds, self._client(endpoints, round_.redirect_uri) as client:
            tokens = await self._tokens(client, endpoints, code, round_)
            claims = await self._claims(tokens, round_.nonce)
            told = _told(claims)
            if endpoints.userinfo is not None and not told.keys() >= {"email", "name"}:
                told = {**_told(await self._userinfo(client, endpoints.userinfo, claims["sub"])), **told}
        return _proven(claims["sub"], told)

    async def _tokens(
        self, client: AsyncOAuth2Client, endpoints: _Endpoints, code: str, round_: Round
    ) -> Mapping[str, object]:
        try:
            with anyio.fail_after(FETCH_TIMEOUT):
                tokens = await client.fetch_token(
                    endpoints.token,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=round_.verifier,
                    redirect_uri=round_.redirect_uri,
                )
        except AuthlibBaseError as error:
            raise Unauthenticated(f"the provider did not take the code: {error.error!r}") from error
        except _BROKEN as error:
            raise _unavailable("the token endpoint", error) from error
        return cast("Mapping[str, object]", tokens)

    async def _claims(self, tokens: Mapping[str, object], nonce: str) -> Mapping[str, object]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise Unauthenticated("the provider gave no ID token; expected one beside the access token")
        try:
            return self._verified(token, await self._keys.get(), tokens, nonce)
        except UnknownKey:
            return self._verified(token, await self._keys.renewed(), tokens, nonce)

    def _verified(
        self, token: str, keys: Sequence[SigningKey], tokens: Mapping[str, object], nonce: str
    ) -> Mapping[str, object]:
        return verified_claims(
            token,
            keys,
            issuer=self.configuration.issuer,
            client_id=self.configuration.client_id,
            nonce=nonce,
            access_token=str(tokens.get("access_token", "")),
            now=int(self._now()),
        )

    async def _userinfo(self, client: AsyncOAuth2Client, address: str, subject: object) -> Mapping[str, object]:
        """Return what the provider tells beside the ID token, of the same person (OpenID Connect Core 1.0, section 5.3)."""
        told = await _fetch_object("the userinfo endpoint", address, client)
        if told.get("sub") != subject:
            raise Unauthenticated("the userinfo is another one's than the ID token")
        return told

    async def _discover(self) -> _Endpoints:
        issuer = self.configuration.issuer
        address = get_well_known_url(issuer, external=True)
        async with httpx2.AsyncClient(transport=self._transport(), timeout=FETCH_TIMEOUT) as client:
            found = await _fetch_object("the discovery document", address, client)
        if found.get("issuer") != issuer:
            raise IdentityUnavailable(
                f"the discovery document is of another issuer; expected {issuer!r}, letter for letter"
            )
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        posts = isinstance(methods, list) and "client_secret_basic" not in methods and "client_secret_post" in methods
        userinfo = "userinfo_endpoint"
        return _Endpoints(
            authorization=_address_in(found, "authorization_endpoint"),
            token=_address_in(found, "token_endpoint"),
            keys=_address_in(found, "jwks_uri"),
            userinfo=None if found.get(userinfo) is None else _address_in(found, userinfo),
            token_authentication="client_secret_post" if posts else "client_secret_basic",
            names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self) -> Sequence[SigningKey]:
        endpoints = await self._endpoints.get()
        async with httpx2.AsyncClient(transport=self._transport(), timeout=FETCH_TIMEOUT) as client:
            found = await _fetch_object("the key set", endpoints.keys, client)
        return read_keys(found)

    @asynccontextmanager
    async def _client(self, endpoints: _Endpoints, redirect_uri: str) -> AsyncIterator[AsyncOAuth2Client]:
        secret = self.configuration.client_secret
        client = AsyncOAuth2Client(
            client_id=self.configuration.client_id,
            client_secret=secret,
            token_endpoint_auth_method=endpoints.token_authentication if secret else "none",
            scope=self.configuration.scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            transport=self._transport(),
            timeout=FETCH_TIMEOUT,
        )
        client.register_client_auth_method(("client_secret_basic", _authenticate_by_basic))
        async with client:
            yield client

    def _transport(self) -> BoundedTransport:
        return BoundedTransport(httpx2.AsyncHTTPTransport(verify=self._tls))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The authorities that this machine trusts, or `SSL_CERT_FILE` names; reading them takes a while."""
        return ssl.create_default_context()


def _authenticate_by_basic(
    client: ClientAuth,
    method: str,  # noqa: ARG001 - what Authlib calls it with
    uri: str,
    headers: MutableMapping[str, str],
    body: str,
) -> tuple[str, MutableMapping[str, str], str]:
    """Put the client's id and secret into a header, each encoded as in a form, which Authlib leaves out (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return uri, headers, body


async def _fetch_object(what: str, address: str, client: httpx2.AsyncClient) -> Mapping[str, Any]:
    """Return a JSON object. Raises `IdentityUnavailable`; no redirect is followed."""
    try:
        with anyio.fail_after(FETCH_TIMEOUT):
            answer = await client.get(address, headers={"Accept": "application/json"})
        if answer.status_code != httpx2.codes.OK:
            raise IdentityUnavailable(f"{what} is answered {answer.status_code}; expected 200")
        found = answer.json()
    except (*_BROKEN, AuthlibBaseError) as error:
        raise _unavailable(what, error) from error
    if not isinstance(found, dict):
        raise IdentityUnavailable(f"{what} is no JSON object")
    return found


def _address_in(found: Mapping[str, Any], name: str) -> str:
    address = found.get(name)
    if not isinstance(address, str) or not is_safe_address(address):
        raise IdentityUnavailable(f"the discovery document's `{name}` is no https URL (or http on this machine)")
    return address


def _unavailable(what: str, error: Exception) -> IdentityUnavailable:
    return IdentityUnavailable(f"{what} cannot be had: {type(error).__name__}: {error}")


def _told(claims: Mapping[str, object]) -> Mapping[str, str]:
    """Return the e-mail, under `verified` once more where the provider says that it has checked it, and the name, as far as they came."""
    told = {}
    email = claims.get("email")
    if isinstance(email, str) and email.isprintable() and len(email) <= MAX_EMAIL_LENGTH:
        told["email"] = email
        told["verified"] = email if claims.get("email_verified") is True else ""
    names = (claims.get(claim) for claim in ("name", "preferred_username"))
    name = next((printable for name in names if isinstance(name, str) and (printable := _printable(name))), None)
    return told if name is None else {**told, "name": name}


def _proven(subject: object, told: Mapping[str, str]) -> Proven:
    if not isinstance(subject, str) or not 1 <= len(subject) <= MAX_SUBJECT_LENGTH or not subject.isprintable():
        raise Unauthenticated(f"the ID token's `sub` is no text of 1 to {MAX_SUBJECT_LENGTH} printable characters")
    return Proven(subject, told.get("email"), bool(told.get("verified")), told.get("name"))


def _printable(name: str) -> str:
    return "".join(character for character in name if character.isprintable()).strip()[:MAX_NAME_LENGTH]
