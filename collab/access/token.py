"""Access tokens: JSON Web Tokens that the application's own login signs.

Sources: RFC 7519 (JWT), RFC 8725 (what to refuse).
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

import jwt

from collab.access.claims import check_destination, identity_from
from collab.errors import Distrust, Unauthenticated
from collab.ports import Identity

MAX_TOKEN_LENGTH: Final = 16 * 1024
"""What is longer is refused unread; an HTTP header of that size would be as well."""

VerificationKey = bytes | jwt.PyJWK


class KeySource(Protocol):
    """Where the keys come from that tokens are verified with."""

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The signature algorithms that a token may name; no other is tried."""
        ...

    async def key_for(self, key_id: str | None) -> VerificationKey:
        """Return the key of this `kid`. Raises `Unauthenticated` where there is none, `IdentityUnavailable` where it cannot be had now."""
        ...


class SharedSecret:
    """The one key that the application shares with this server."""

    algorithms = ("HS256",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    async def key_for(self, key_id: str | None) -> VerificationKey:  # noqa: ARG002 - one key, whatever the token calls it
        """Return the secret."""
        return self._secret


class TokenAccess:
    """Takes those for who they are that bring a valid token, and nobody else."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take tokens of this issuer and for this audience alone, where they are given."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    async def authenticate(self, token: str | None) -> Identity:
        """Verify the token's signature, then its claims. Raises `Unauthenticated` or `IdentityUnavailable`."""
        if not token:
            raise Unauthenticated("no token came; expected an access token (a signed JWT)")
        if len(token) > MAX_TOKEN_LENGTH:
            raise Unauthenticated(f"a token of {len(token)} characters came; expected at most {MAX_TOKEN_LENGTH}")
        header = _read_header(token)
        algorithm = header.get("alg")
        if algorithm not in self._keys.algorithms:
            raise Unauthenticated(
                f"the token is signed with another algorithm than {' or '.join(self._keys.algorithms)}",
                Distrust.ALGORITHM,
            )
        key_id = header.get("kid")
        key = await self._keys.key_for(key_id if isinstance(key_id, str) else None)
        claims = _verify(token, key, self._keys.algorithms)
        check_destination(claims, issuer=self._issuer, audience=self._audience)
        return identity_from(claims, self._clock())


def _read_header(token: str) -> Mapping[str, object]:
    try:
        header = jwt.get_unverified_header(token)  # which checks more than that it is an object
        _json_object(urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(
            "the token is no JSON Web Token (three base64url parts and the dots between them)"
        ) from None
    return cast("Mapping[str, object]", header)


def _verify(token: str, key: VerificationKey, algorithms: tuple[str, ...]) -> Mapping[str, object]:
    """Verify the signature alone: the claims are checked against the clock of `TokenAccess`, with messages of our own."""
    try:
        return _json_object(jwt.PyJWS().decode(token, key, algorithms=algorithms))
    except jwt.InvalidSignatureError:
        raise Unauthenticated(
            "the token's signature does not match; expected one made with this server's key",
            Distrust.SIGNATURE,
        ) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise Unauthenticated(
            "the token cannot be verified; expected a signed JWT whose claims are a JSON object, each named once"
        ) from None


def _json_object(text: bytes) -> Mapping[str, object]:
    """Parse an object. Raises `TypeError` where it is none, and `ValueError` where a name comes twice, of which parsers take either."""
    parsed = json.loads(text, object_pairs_hook=_each_named_once, parse_constant=_refuse_constant)
    if not isinstance(parsed, dict):
        raise TypeError("another kind of value came; expected an object")
    return parsed


def _each_named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("a name came twice; expected each once (RFC 8725, section 2.4)")
    return named


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} came, which is no JSON")
