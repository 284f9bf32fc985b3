"""Which web pages may talk to the server, told by the headers that a page cannot forge: `Origin` and `Host`.

In open mode nothing but these keeps a page elsewhere from writing to a developer's server on loopback. With access tokens a page
can do nothing without one, and none is sent by the browser on its own; so any page may ask, but one that hides where it comes from.
Source: RFC 6454; https://html.spec.whatwg.org/multipage/browsers.html#origin.
"""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from collab.access.binding import is_loopback_host
from collab.errors import Forbidden

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class _Place(NamedTuple):
    host: str
    port: int


def check_origin(origin: str | None, host: str | None, *, open_mode: bool) -> None:
    """Raise `Forbidden` where the page that sends this may not: one of `Origin: null`, or in open mode one from elsewhere.

    No origin at all is no browser, and may. In open mode a page may come from the address it asks (`Host`), or from loopback, as a
    development server does (`http://localhost:5173`).
    """
    if origin is None:
        return
    if origin == "null":
        raise Forbidden("the page that asks hides its origin (`null` came); expected one that tells it")
    if not open_mode:
        return
    page = _page(origin)
    if page is None:
        raise Forbidden("the page that asks has an origin that is neither http nor https; expected this server's own")
    if is_loopback_host(page.host):
        return
    if host is not None and _place(host, _DEFAULT_PORTS[urlsplit(origin).scheme]) == page:
        return
    raise Forbidden("the page that asks comes from another site; expected this server's own, or one on loopback")


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
    scheme, separator, authority = origin.partition("://")
    if not separator or scheme not in _DEFAULT_PORTS:
        return None
    return _place(authority, _DEFAULT_PORTS[scheme])


def _place(authority: str, default_port: int) -> _Place | None:
    if any(character in authority for character in "/?#@\\") or not authority.isprintable():
        return None
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return _Place(host, port if port is not None else default_port) if host else None
