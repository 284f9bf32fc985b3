"""Which web pages may talk to the server, told by the headers that a page cannot forge: `Origin` and `Host`.

In open mode nothing but these keeps a page elsewhere from writing to a developer's server on loopback. With access tokens a page
can do nothing without one, and no browser sends one on its own; so any page may ask until `allowed_origins` names those that may, but one
that hides where it comes from. A session's cookie is sent on its own, and counts from the server's own pages alone (`cookies`).
Source: RFC 6454; https://html.spec.whatwg.org/multipage/browsers.html#origin.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from collab.access.binding import is_loopback_host
from collab.errors import Forbidden

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SERIALIZED: Final = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.ASCII)
"""How a browser writes a page's origin: lower case, an IDNA name in its ASCII form, nothing before the host or behind the port."""


class _Place(NamedTuple):
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Pages:
    """Which pages may act on the server."""

    open_mode: bool
    allowed: frozenset[str] = frozenset()
    """Origins of other sites, as browsers write them."""

    def check(self, origins: Sequence[str], host: str | None, *, secure: bool) -> None:
        """Raise `Forbidden` where the page that sends this may not act, or is none that tells where it comes from.

        `origins` are the `Origin` headers of one request; `secure` is whether it came by TLS. No origin at all is no browser, and may. A
        page may come from the address it asks (`Host`), and from the allowed origins. In open mode it may also come from loopback, as a
        development server does (`http://localhost:5173`); with tokens, and no origin allowed, from anywhere.
        """
        if not origins:
            return
        if len(origins) > 1:
            raise Forbidden(f"{len(origins)} `Origin` headers came; expected one at most")
        origin = origins[0]
        if origin == "null":
            raise Forbidden("the page that asks hides its origin (`null` came); expected one that tells it")
        if (
            origin in self.allowed
            or (not self.open_mode and not self.allowed)
            or self._is_at_home(origin, host, secure)
        ):
            return
        raise Forbidden(
            "the page that asks comes from another site; expected this server's own"
            + (", or one on loopback" if self.open_mode else "")
            + ", or one of COLLAB_ALLOWED_ORIGINS"
        )

    def _is_at_home(self, origin: str, host: str | None, secure: bool) -> bool:
        """Tell whether a page is the server's own, or in open mode on this machine. A proxy may have ended the TLS of an `https` page."""
        page = _page(origin)
        if page is None:
            return False
        if self.open_mode and is_loopback_host(page.host):
            return True
        return is_own_page(origin, host, secure=True) or (not secure and is_own_page(origin, host, secure=False))


def is_own_page(origin: str, host: str | None, *, secure: bool) -> bool:
    """Tell whether a page comes from the very scheme, host and port that it asks."""
    scheme = "https" if secure else "http"
    page = _page(origin)
    return (
        page is not None
        and host is not None
        and urlsplit(origin).scheme == scheme
        and _place(host, _DEFAULT_PORTS[scheme]) == page
    )


def check_client(client_host: str | None, *, open_mode: bool) -> None:
    """Raise `Forbidden` where, in open mode, somebody asks from another machine, however the server came to be bound.

    `None` is a Unix socket's other end, on this machine as well.
    """
    if open_mode and client_host is not None and not is_loopback_host(client_host):
        raise Forbidden(
            "without access tokens this server answers to its own machine alone; set COLLAB_SECRET to open it"
        )


def check_host(host: str | None, *, open_mode: bool) -> None:
    """Raise `Forbidden` where, in open mode, the server was asked by a name that is not loopback's.

    So a name that an attacker's resolver points at 127.0.0.1 (DNS rebinding) reads nothing. No `Host` at all is no browser.
    """
    if not open_mode or host is None:
        return
    place = _place(host, 80)
    if place is None or not is_loopback_host(place.host):
        raise Forbidden(
            "without access tokens this server answers to localhost, 127.0.0.1 or [::1] alone; another host was asked for"
        )


def _page(origin: str) -> _Place | None:
    written = _SERIALIZED.fullmatch(origin)
    return None if written is None else _place(origin.partition("://")[2], _DEFAULT_PORTS[written[1]])


def _place(authority: str, default_port: int) -> _Place | None:
    if any(character in authority for character in "/?#@\\") or not authority.isprintable():
        return None
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return _Place(host, port if port is not None else default_port) if host else None
