"""ID tokens: who somebody is, as the identity provider signed it. Source: OpenID Connect Core 1.0, section 3.1.3.7."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, RSAKey

from collab.errors import IdentityUnavailable, Unauthenticated

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures by a private key alone: with HS256 whoever knows the client's secret, or takes a public key for one, could sign."""

LEEWAY: Final = 60
"""How far the clocks of the provider and of this server may differ, in seconds."""

MAX_TOKEN_LENGTH: Final = 128 * 1024
MIN_RSA_BITS: Final = 2048

SigningKey = RSAKey | ECKey


class UnknownKey(Unauthenticated):
    """The token names a key that was not published when the keys were last fetched."""


def read_keys(published: Mapping[str, Any]) -> Sequence[SigningKey]:
    """Read those keys of a key set that sign by one of the algorithms, and leave the others (RFC 7517, section 5).

    Raises `IdentityUnavailable` for what is no key set.
    """
    entries = published.get("keys")
    if not isinstance(entries, list):
        raise IdentityUnavailable("the key set has no `keys`; expected a JSON Web Key Set")
    return [key for entry in entries if isinstance(entry, dict) and (key := _read_key(entry)) is not None]


def _read_key(entry: dict[str, Any]) -> SigningKey | None:
    if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        return None
    public = {name: value for name, value in entry.items() if name in {"kty", "kid", "alg", "n", "e", "crv", "x", "y"}}
    try:
        key = JWKRegistry.import_key(public)
        if isinstance(key, RSAKey):
            return key if key.public_key.key_size >= MIN_RSA_BITS else None
        return key if isinstance(key, ECKey) and key.curve_name == "P-256" else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def verified_claims(
    token: str, keys: Sequence[SigningKey], *, issuer: str, client_id: str, nonce: str, access_token: str, now: int
) -> Mapping[str, object]:
    """Return the claims of a token that this issuer signed, for this client and this round. Raises `Unauthenticated`, `UnknownKey`."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise Unauthenticated(f"an ID token of {len(token)} characters came; expected at most {MAX_TOKEN_LENGTH}")
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise Unauthenticated(f"the ID token is signed with another algorithm than {', '.join(ALGORITHMS)}")
        decoded = jwt.decode(token, _key_for(keys, header, algorithm), algorithms=[algorithm])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
                "sub": {"essential": True},
                "nonce": {"essential": True},
            },
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=now, leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unauthenticated(f"the ID token cannot be believed: {type(error).__name__}: {error}") from error
    return dict(claims)


def _key_for(keys: Sequence[SigningKey], header: Mapping[str, Any], algorithm: str) -> SigningKey:
    kind = ECKey if algorithm == "ES256" else RSAKey
    fitting = [key for key in keys if isinstance(key, kind) and key.get("alg", algorithm) == algorithm]
    key_id = header.get("kid")
    if key_id is not None:
        fitting = [key for key in fitting if key.kid == key_id]
    if not fitting:
        raise UnknownKey("the ID token is signed with a key that the provider does not publish")
    if len(fitting) > 1:
        raise Unauthenticated(
            f"{len(fitting)} published keys may have signed the ID token; expected a `kid` that tells which"
        )
    return fitting[0]
