"""The cookie of a browser's session, and when it may be believed.

A browser sends it whoever's page asks. So it counts only where the page that asks is this server's own: `SameSite=Strict` keeps other
sites' pages from having it sent, and the origin keeps out those of the same site, on another port or subdomain. Sources: RFC 6265bis;
https://cheatsheetseries.owasp.org (cross-site request forgery, verifying origin).
"""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final

from collab.access.origin import is_own_page
from collab.access.secrets import MAX_SECRET_LENGTH

PLAIN_NAME: Final = "collab_session"
SECURE_NAME: Final = "__Host-collab_session"
"""Over TLS: no other host, and no page without TLS, can set a cookie of this name."""

PLAIN_VISIT_NAME: Final = "collab_visit"
SECURE_VISIT_NAME: Final = "__Host-collab_visit"
VISIT_PATH: Final = "/api/v1/oidc"

MAX_COOKIE_HEADER: Final = 8192

Header = Callable[[str], str | None]
"""Gives a header of the request by its name, in lower case."""


def cookie_name(*, secure: bool) -> str:
    """Return what the session's cookie is called."""
    return SECURE_NAME if secure else PLAIN_NAME


def session_shown(header: Header, *, secure: bool, acts: bool) -> str | None:
    """Return the session's secret from the cookie, where it may be believed.

    `acts` is whether the request changes something, or opens a WebSocket; only then may a page elsewhere gain by having it sent, for it
    cannot read an answer.
    """
    secret = _secret_in(header("cookie"), cookie_name(secure=secure))
    if secret is None:
        return None
    origin = header("origin")
    if origin is None:
        return secret if not acts or header("sec-fetch-site") == "same-origin" else None
    return secret if is_own_page(origin, header("host"), secure=secure) else None


def _secret_in(cookies: str | None, name: str) -> str | None:
    if cookies is None or len(cookies) > MAX_COOKIE_HEADER:
        return None
    try:
        found = SimpleCookie(cookies).get(name)
    except CookieError:
        return None
    return found.value if found is not None and len(found.value) <= MAX_SECRET_LENGTH else None


def set_cookie(secret: str, *, secure: bool, seconds: int) -> str:
    """Return the header that gives a browser its session; one that is for no seconds takes it away."""
    attributes = f"Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}" + ("; Secure" if secure else "")
    return f"{cookie_name(secure=secure)}={secret}; {attributes}"


def visit_shown(header: Header, *, secure: bool) -> str | None:
    """Return the secret of the browser's visit to the identity provider. The page that sends it back is never this server's."""
    return _secret_in(header("cookie"), SECURE_VISIT_NAME if secure else PLAIN_VISIT_NAME)


def set_visit_cookie(secret: str, *, secure: bool, seconds: int) -> str:
    """Return the header that binds a visit to a browser; one that is for no seconds takes it away.

    `SameSite=Lax`, because the provider's page sends the browser back. Over TLS no other host can set it, for which its path must be `/`:
    or a neighbour could have somebody come back as somebody of its choice.
    """
    name, path, end = (SECURE_VISIT_NAME, "/", "; Secure") if secure else (PLAIN_VISIT_NAME, VISIT_PATH, "")
    return f"{name}={secret}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{end}"
