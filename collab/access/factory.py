"""Which access the settings ask for."""

from typing import Final
from urllib.parse import urlsplit

from collab.access.guarded import GuardedAccess
from collab.access.open import OpenAccess
from collab.access.published import published_at
from collab.access.token import KeySource, SharedSecret, TokenAccess
from collab.errors import SettingsError
from collab.ports import Authenticator, KeyStore, LinkStore, SessionStore
from collab.settings import Settings

MIN_SECRET_BYTES: Final = 32
"""HS256's key is to be as long as its hash (RFC 7518, section 3.2)."""

MAKE_A_SECRET: Final = "openssl rand -base64 32"  # noqa: S105 - a command, not a password


def access_from(settings: Settings, sessions: SessionStore, keys: KeyStore, links: LinkStore) -> Authenticator:
    """Return open access where nothing is set that tells who somebody is, else access by that. Raises `SettingsError`."""
    tokens = tokens_from(settings)
    if settings.open_mode:
        return OpenAccess()
    return GuardedAccess(tokens, sessions if settings.accounts else None, keys, links)


def tokens_from(settings: Settings) -> TokenAccess | None:
    """Return what verifies access tokens; `None` where none are taken. Raises `SettingsError`."""
    if settings.secret is not None and settings.jwks_url is not None:
        raise SettingsError(
            "both COLLAB_SECRET and COLLAB_JWKS_URL are set; expected one of them: tokens have one issuer"
        )
    if settings.secret is not None:
        keys: KeySource = SharedSecret(_checked_secret(settings.secret.get_secret_value()))
    elif settings.jwks_url is not None:
        keys = published_at(_checked_url(settings.jwks_url))
    elif settings.token_issuer is not None or settings.token_audience is not None:
        raise SettingsError(
            "COLLAB_TOKEN_ISSUER or COLLAB_TOKEN_AUDIENCE is set, and nothing that tokens are verified with; "
            "expected COLLAB_SECRET or COLLAB_JWKS_URL too"
        )
    else:
        return None
    return TokenAccess(keys, issuer=settings.token_issuer, audience=settings.token_audience)


def _checked_secret(secret: str) -> bytes:
    encoded = secret.encode()
    if len(encoded) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"COLLAB_SECRET is {len(encoded)} bytes long; expected {MIN_SECRET_BYTES} or more; make one with: {MAKE_A_SECRET}"
        )
    return encoded


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise SettingsError("COLLAB_JWKS_URL is no address of a key set; expected an http or https URL")
    return url
