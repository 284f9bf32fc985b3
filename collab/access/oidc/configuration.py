"""Which identity provider the settings name, and as whom this server is known there."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from collab.access.binding import is_loopback_host
from collab.errors import SettingsError
from collab.settings import Settings

MAX_NAME_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `COLLAB_OIDC_…` says."""

    issuer: str
    client_id: str
    client_secret: str | None
    scopes: str
    name: str
    """What people call the provider."""

    sign_up: bool
    """Whether somebody whom nobody here knows gets an account."""


def configuration_from(settings: Settings) -> Configuration | None:
    """Return what the settings say; `None` where they name no provider. Raises `SettingsError`."""
    if settings.oidc_issuer is None:
        if settings.oidc_client_id is not None or settings.oidc_client_secret is not None or settings.oidc_sign_up:
            raise SettingsError("COLLAB_OIDC_… is set without the provider; expected COLLAB_OIDC_ISSUER too")
        return None
    if settings.oidc_client_id is None:
        raise SettingsError(
            "COLLAB_OIDC_ISSUER is set without COLLAB_OIDC_CLIENT_ID; expected the id that the provider gave"
        )
    if not settings.accounts:
        raise SettingsError(
            "COLLAB_OIDC_ISSUER is set without COLLAB_ACCOUNTS; people who sign in at a provider have accounts here"
        )
    if "openid" not in settings.oidc_scopes.split():
        raise SettingsError("COLLAB_OIDC_SCOPES has no `openid`; without it the provider tells nobody's identity")
    if not 1 <= len(settings.oidc_name) <= MAX_NAME_LENGTH or not settings.oidc_name.isprintable():
        raise SettingsError(f"COLLAB_OIDC_NAME is no name; expected 1 to {MAX_NAME_LENGTH} printable characters")
    secret = settings.oidc_client_secret
    return Configuration(
        issuer=_checked_issuer(settings.oidc_issuer),
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        scopes=settings.oidc_scopes,
        name=settings.oidc_name,
        sign_up=settings.oidc_sign_up,
    )


def is_safe_address(url: str) -> bool:
    """Tell whether this is an https URL, or one of http on this very machine: nobody in between changes what comes from there."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(host))


def _checked_issuer(issuer: str) -> str:
    if not is_safe_address(issuer) or "?" in issuer or "#" in issuer:
        raise SettingsError(
            "COLLAB_OIDC_ISSUER is no issuer; expected an https URL without query, just as the provider writes it "
            "(http on this machine alone)"
        )
    return issuer
