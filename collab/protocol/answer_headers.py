"""What every answer tells browsers about what it may be used for. An answer that is a page has a policy of its own here.

Sources: https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/referrer-policy/, https://www.w3.org/TR/permissions-policy/,
https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header, RFC 6797.
"""

from collections.abc import Mapping
from typing import Final

POLICY: Final = "Content-Security-Policy"

DATA_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page: opened as one, it runs and loads nothing."""

EDITOR_POLICY: Final = (
    "default-src 'none'; script-src 'self'; script-src-attr 'none'; style-src 'self'; style-src-elem 'self' 'unsafe-inline'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob: http: https:; media-src 'self' blob: http: https:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
"""For the editor. Its components make style elements while they run, and set styles in elements; pictures and films are wherever a
document says.
"""

_EVERYWHERE: Final[Mapping[str, str]] = {
    POLICY: DATA_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), serial=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_OVER_TLS: Final[Mapping[str, str]] = {"Strict-Transport-Security": "max-age=31536000"}
"""A year. Not for subdomains, which may be served by something else."""


def reference_policy(style_hash: str) -> str:
    """Return the policy of a page with one style, which has this SHA-256 in base 64, and nothing that runs."""
    return f"default-src 'none'; style-src 'sha256-{style_hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def answer_headers(*, secure: bool) -> Mapping[str, str]:
    """Return the headers of every answer that does not say otherwise; `secure` is whether it goes by TLS."""
    return {**_EVERYWHERE, **_OVER_TLS} if secure else _EVERYWHERE
