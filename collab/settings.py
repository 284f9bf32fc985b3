"""Everything that can be set, each default with its reason.

Every field is an option of `collab serve` or the environment variable `COLLAB_` and its name. Sizes are in bytes, times in seconds.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from collab.protocol.limits import DEFAULTS, MAX_DOCUMENT_TYPES, MAX_NESTING, Limits

KIB: Final = 1024
MIB: Final = 1024 * KIB
SECONDS: Final = 1.0
DAYS: Final = 86_400 * SECONDS
MILLISECONDS: Final = 0.001


PREFIX: Final = "COLLAB_"

_ORIGIN: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*)://(?:[a-z0-9._-]*[a-z0-9_-]|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?", re.ASCII
)
"""A page's origin; other schemes than http have those of apps that are pages in a shell, as `capacitor://localhost`."""

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
"""The ports that browsers leave out."""


def _listed(value: str | None) -> list[str]:
    return [part for part in map(str.strip, (value or "").split(",")) if part]


class Settings(BaseSettings):
    """How this server runs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True)

    bind: str = "127.0.0.1:8000"
    """Address and port. Loopback, because without a secret everybody who reaches the server may edit."""

    data_dir: Path = Path("data")
    """Where the SQLite database lies when no other is named."""

    database_url: str | None = None
    """An SQLAlchemy URL, `sqlite:///file` or `postgresql://…`; unset, it is `collab.db` in the data directory."""

    certfile: Path | None = None
    """The certificate, in PEM with those of its issuers behind it; with `keyfile` the server speaks TLS itself (`https`, `wss`, HTTP/2)."""

    keyfile: Path | None = None
    """The certificate's private key, in PEM, without a password."""

    secret: SecretStr | None = None
    """The HS256 key that access tokens are signed with, 32 bytes or more; set, every door asks for a token."""

    jwks_url: str | None = None
    """Where the RS256 or ES256 keys of access tokens are published; set, every door asks for a token."""

    token_issuer: str | None = None
    """The `iss` that access tokens must have. Needed where the keys verify tokens of other issuers too."""

    token_audience: str | None = None
    """The `aud` that access tokens must have, or name among others. Needed where the issuer signs tokens for other services too."""

    accounts: bool = False
    """Whether people have accounts here and sign in; then every door asks who somebody is. `collab user add` makes the first account."""

    session_lifetime: float = Field(default=30 * DAYS, gt=0)
    """How long a browser stays signed in without being used. Phones and laptops are used within a month, forgotten ones are not."""

    oidc_issuer: str | None = None
    """The identity provider by which people with accounts sign in (OpenID Connect), as it writes its issuer: `https://id.example.com`. The
    address to register there is this server's `/api/v1/oidc/callback`.
    """

    oidc_client_id: str | None = None
    """The id that the provider knows this server by."""

    oidc_client_secret: SecretStr | None = None
    """The secret that the provider gave with it; a public client has none, and is safe by PKCE alone."""

    oidc_name: str = "single sign-on"
    """What people call the provider; the button says "Continue with" it."""

    oidc_scopes: str = "openid email profile"
    """What is asked of the provider: who somebody is, their e-mail by which their account is found, and their name for a new one."""

    oidc_sign_up: bool = False
    """Whether whoever signs in at the provider gets an account; otherwise an account, or an invitation, must have their e-mail. Off,
    because some providers let everybody in.
    """

    allowed_origins: str | None = None
    """Other sites whose pages may use this server, with commas between: `https://app.example.com`. Their WebSockets and writes are taken,
    and browsers let them read answers (CORS). Unset, with access tokens, WebSockets and writes are taken from pages anywhere that bring
    one, for no browser sends it on its own; set, from no others but the server's own.
    """

    create_documents: bool = True
    """Whether the first write to an unknown name creates that document; otherwise only the REST API does."""

    max_message_bytes: int = Field(default=16 * MIB, ge=64 * KIB)
    """The largest WebSocket message, and the largest body of a request. A pasted picture fits; what is larger belongs into an upload."""

    max_half_read_bytes: int = Field(default=256 * MIB, ge=128 * KIB)
    """Messages of all WebSockets together that have not come whole: sixteen of the largest. The connection whose bytes find no room is
    closed with 1013, and comes back. Behind plain ASGI, as over HTTP/2, it is the server there that gathers messages.
    """

    max_bodies_bytes: int = Field(default=256 * MIB, ge=128 * KIB)
    """Bodies of all requests together that come or are worked on: sixteen of the largest, or thousands as they usually are. Whoever
    sends one more is answered 503, and tries again.
    """

    body_timeout: float = Field(default=60 * SECONDS, gt=0)
    """How long a request's body may take to come whole; the largest one does in a minute at 2.3 megabits a second."""

    max_connections: int = Field(default=20_000, ge=1)
    """WebSockets at once; one more is answered 429 at its upgrade, so that it backs off and comes back."""

    max_connections_per_address: int = Field(default=1_000, ge=1)
    """WebSockets of one address: a large office behind one, with several tabs each. IPv6 is counted by the first 64 bits, and this machine
    itself not at all. One more is answered 429 at its upgrade. Behind a proxy, name it in `COLLAB_TRUSTED_PROXIES`, or all are one address.
    """

    max_connections_per_user: int = Field(default=500, ge=1)
    """WebSockets that one user was let in on, guests aside: dozens of tabs on several machines, or a program that acts for many. One more
    is answered 429 at its upgrade; over Hocuspocus, where the token comes later, it is closed with 1008.
    """

    messages_per_second: float = Field(default=1_000, ge=10)
    """WebSocket messages of one connection; somebody who types and moves the mouse sends eighty. Past it, and the burst, the connection is
    read more slowly, and nothing is lost.
    """

    message_burst: int = Field(default=10_000, ge=10)
    """Messages that may come at once before that counts: thousands of edits of whoever was offline, each a message."""

    bytes_per_second: float = Field(default=4 * MIB, ge=64 * KIB)
    """Bytes of one connection, as messages: no uplink of a person's carries more for long."""

    byte_burst: int = Field(default=64 * MIB, ge=64 * KIB)
    """Bytes that may come at once before that counts: four of the largest messages."""

    requests_per_second: float = Field(default=200, ge=0.1)
    """Requests of one user to the REST API, and of one address: some fifth of a processor. Past it, and the burst, they are answered 429
    with the seconds to wait.
    """

    request_burst: int = Field(default=2_000, ge=1)
    """Requests that may come at once before that counts: everybody in a large office loads the editor anew."""

    trusted_proxies: str | None = None
    """Addresses and networks of proxies, separated by commas, or `unix` for a Unix socket's. Only their `X-Forwarded-For`, `Forwarded` and
    `X-Forwarded-Proto` are believed: anybody else could forge these.
    """

    max_documents_per_connection: int = Field(default=256, ge=1)
    """Documents on one Hocuspocus socket; a product shows a handful."""

    max_pending_bytes: int = Field(default=1 * MIB, ge=KIB)
    """What a client may send ahead, for all documents of a connection, before it is let in."""

    authentication_timeout: float = Field(default=30 * SECONDS, gt=0)
    """How long a socket may stay until it is let into its first document."""

    keep_alive_interval: float = Field(default=12 * SECONDS, gt=0)
    """After so much silence the server says something; y-websocket clients reconnect after 30 s without a message."""

    peer_timeout: float = Field(default=60 * SECONDS, gt=0)
    """A peer from which nothing came for so long, not even a pong, is dropped."""

    outbox_bytes: int = Field(default=1 * MIB, ge=KIB)
    """What may wait for one reader; past it the reader is behind, and gets one diff once it has caught up."""

    stuck_timeout: float = Field(default=60 * SECONDS, gt=0)
    """How long a reader may stay behind before it is disconnected."""

    max_update_entries: int = Field(default=DEFAULTS.update_entries, ge=1000)
    """Structs, or deleted ranges, in one update. At five letters a second, none merged with its neighbour, these are eleven hours of
    typing; each takes two bytes, but up to a microsecond of everybody's time and some hundred bytes of memory.
    """

    max_update_clients: int = Field(default=DEFAULTS.update_clients, ge=1000)
    """Clients that one update brings something new of, as one does that carries a whole document over to a new server: each page load of
    somebody who writes is one, so that these are years of a team's work. Each takes some thirty microseconds of everybody's time.
    """

    max_update_values: int = Field(default=DEFAULTS.update_values, ge=1000)
    """Values in the arrays and maps of one update, with those in others. Each takes one byte, but costs time, and some thirty of memory."""

    max_update_nesting: int = Field(default=DEFAULTS.update_nesting, ge=8, le=MAX_NESTING)
    """Values in a value. What nests tens of thousands deep would overflow the CRDT's stack; 400 is what the server's own reader bears."""

    max_document_types: int = Field(default=DEFAULTS.document_types, ge=1000, le=MAX_DOCUMENT_TYPES)
    """Elements, texts, maps and arrays in one document: fifty thousand table cells, or twice as many paragraphs. Each may be within
    another, by many small updates, and what nests too deep overflows the CRDT's stack when it is deleted.
    """

    max_held_bytes: int = Field(default=DEFAULTS.held_bytes, ge=64 * KIB)
    """Edits of one document that build upon edits still missing. Those are a moment away; whoever never sends them must not fill memory."""

    max_state_vector_bytes: int = Field(default=DEFAULTS.state_vector_bytes, ge=KIB)
    """The largest state vector that a client may ask with. Each client id that ever wrote takes about seven bytes."""

    max_awareness_entries: int = Field(default=DEFAULTS.awareness_entries, ge=100)
    """Presence states in one message. Clients pass on whom they hear of, all in one; but no room has so many."""

    max_awareness_ids: int = Field(default=DEFAULTS.awareness_ids, ge=1)
    """Presence states that one client may have in a document at a time: it has one, or a few behind a proxy of its own."""

    max_awareness_bytes: int = Field(default=DEFAULTS.awareness_bytes, ge=KIB)
    """The largest presence state. A cursor, a name and a colour take 500 bytes; what is larger belongs into the document."""

    max_awareness_nesting: int = Field(default=DEFAULTS.awareness_nesting, ge=4)
    """Arrays and objects within each other in a presence state. A cursor takes four; other clients have to walk what is deeper."""

    commit_interval: float = Field(default=100 * MILLISECONDS, ge=0)
    """The pause between commits under load: one costs the same however few rows it has, and nobody sees 100 ms in a save state.

    Whoever waits for a commit, as a REST call does, does not wait for it.
    """

    max_unsaved_bytes: int = Field(default=64 * MIB, ge=MIB)
    """Edits that wait for the database; past it the server stops reading from its clients."""

    version_interval: float = Field(default=600 * SECONDS, gt=0)
    """How often a document that is worked on gets an automatic version; it also does when its last editor has left."""

    max_named_versions: int = Field(default=1000, ge=1)
    """Named versions of one document. Each is kept whole until somebody deletes it, and nobody looks through more."""

    idle_timeout: float = Field(default=30 * SECONDS, ge=0)
    """How long a document stays in memory after its last client left: a reload should not load it anew."""

    drain_timeout: float = Field(default=10 * SECONDS, gt=0)
    """How long a server that was told to stop waits for its last commit."""

    log_level: str = Field(default="info", pattern="^(?i:debug|info|warning|error)$")
    """How much is logged: opening and closing at info, frames at debug."""

    @field_validator("max_half_read_bytes", "max_bodies_bytes")
    @classmethod
    def _has_room_for_two(cls, value: int, info: ValidationInfo) -> int:
        """Refuse a sum in which one of the largest would leave no room for another."""
        least = 2 * info.data.get("max_message_bytes", 0)
        if value < least:
            raise ValueError(f"input should be at least {least}, twice COLLAB_MAX_MESSAGE_BYTES")
        return value

    @property
    def open_mode(self) -> bool:
        """Whether nothing tells who somebody is, so that everybody may edit."""
        return self.secret is None and self.jwks_url is None and not self.accounts

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, value: str | None) -> str | None:
        """Refuse what no browser would send, so that it would allow nothing."""
        for origin in _listed(value):
            if not _ORIGIN.fullmatch(origin) or origin.endswith(_DEFAULT_PORTS.get(origin.partition(":")[0], " ")):
                raise ValueError(
                    f"{origin!r} is no origin as browsers send it; expected scheme, host and any port that is not the scheme's own, "
                    "in lower case and without a path, such as https://app.example.com"
                )
        return value

    @cached_property
    def origins(self) -> frozenset[str]:
        """The origins of other sites whose pages may use this server."""
        return frozenset(_listed(self.allowed_origins))

    @property
    def database(self) -> str:
        """The database's URL, named or in `data_dir`."""
        return self.database_url or f"sqlite:///{self.data_dir / 'collab.db'}"

    @cached_property
    def limits(self) -> Limits:
        """How much of what one client may say."""
        return Limits(**{field.name: getattr(self, f"max_{field.name}") for field in fields(Limits)})


def unknown_variables(environment: Iterable[str]) -> Iterator[str]:
    """Give a sentence for each variable that looks like a setting and is none, with the one that was perhaps meant."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for variable in sorted(environment):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            meant = get_close_matches(variable.upper(), known, n=1, cutoff=0.85)
            yield f"{variable} is no setting" + (f"; was {meant[0]} meant?" if meant else "")
