"""Which address a client has: the one place that tells, for REST, the WebSocket doors and every limit.

It is the other end of the connection. Where that is a proxy that the settings trust, it is the last hop that no trusted proxy is, read from
the end of what the proxies say: each adds whom it heard from behind what it was sent, so that what a client forges stands in front of what
is true. From anybody else these headers change nothing.

`X-Forwarded-For` is read, and `Forwarded` where that is missing: a proxy that writes `Forwarded` must take the other away. A hop that is no
address (`unknown`, `_hidden`) ends the reading, and the proxy that wrote it is taken for the client.
Sources: RFC 7239; https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/X-Forwarded-For.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from collab.errors import SettingsError

Address = IPv4Address | IPv6Address

UNIX: Final = "unix"
"""How the settings name whoever connects to a Unix socket, who has no address."""

MAX_HOPS: Final = 16
"""Hops that are read, from the last one on; no request passes through so many proxies, but a forged list is as long as headers may be."""

NETWORK_BITS: Final = 64
"""Of an IPv6 address: a household or a server has as many addresses as it likes within these (RFC 6177)."""

_SCHEMES: Final[Mapping[tuple[str, str], str]] = {
    ("http", "http"): "http",
    ("http", "https"): "https",
    ("websocket", "http"): "ws",
    ("websocket", "https"): "wss",
    ("websocket", "ws"): "ws",
    ("websocket", "wss"): "wss",
}


class TrustedProxies:
    """The proxies whose word on the client counts."""

    def __init__(self, named: str | None) -> None:
        """Take addresses and networks, separated by commas. Raises `SettingsError`."""
        words = [word.strip() for word in (named or "").split(",") if word.strip()]
        self._unix = UNIX in words
        self._networks = [_network(word) for word in words if word != UNIX]

    def seen_through(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an ASGI scope with the client and the scheme that trusted proxies tell; the same one where none is between."""
        if not self._trusts(_address(address_of(scope))) or scope["type"] not in ("http", "websocket"):
            return scope
        forwarded_for = _last_of(scope, b"x-forwarded-for")
        forwarded = _last_of(scope, b"forwarded")
        if forwarded_for:
            hops: Iterable[str] = forwarded_for
        else:
            hops = (_pair(element, "for") for element in forwarded)
        seen = {**scope}
        if (told := self._last_untrusted(hops)) is not None:
            seen["client"] = (str(told), 0)
        schemes = _last_of(scope, b"x-forwarded-proto") or [_pair(element, "proto") for element in forwarded[:1]]
        seen["scheme"] = _SCHEMES.get((scope["type"], "".join(schemes[:1]).lower()), scope.get("scheme"))
        return seen

    def _last_untrusted(self, hops: Iterable[str]) -> Address | None:
        """Return the last hop that is no trusted proxy, or the first one where all are; `None` where there is no telling."""
        told = None
        for hop in hops:
            address = _node(hop)
            if address is None:
                break
            told = address
            if not self._trusts(address):
                break
        return told

    def _trusts(self, address: Address | None) -> bool:
        if address is None:
            return self._unix
        return any(address in network for network in self._networks)


def address_of(scope: Mapping[str, Any]) -> str | None:
    """Return the client's address, as `canonical` writes it; `None` where the server does not tell, as behind a Unix socket."""
    client = scope.get("client")
    return None if client is None else canonical(str(client[0]))


def canonical(host: str) -> str:
    """Return the one way in which an address is written here, so that it is found by whichever it is asked for.

    A socket of both kinds tells an address of IPv4 as one of IPv6 (RFC 4291, section 2.5.5.2). What is no address stays as it is.
    """
    try:
        return str(_unmapped(ip_address(host)))
    except ValueError:
        return host


def counted_as(host: str | None) -> str | None:
    """Return under what a client's address is counted: an IPv4 address, or the first half of an IPv6 one.

    `None` for this machine itself, which is not counted: it is whoever runs the server, or a proxy that was not declared as trusted, and
    then everybody.
    """
    address = _address(host)
    if address is None or address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, NETWORK_BITS), strict=False))
    return str(address)


def _network(word: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(word)
    except ValueError as error:
        raise SettingsError(
            f"COLLAB_TRUSTED_PROXIES: {error}; expected addresses and networks such as 10.0.0.7, 10.1.0.0/16 or fd00::/8, "
            f"or `{UNIX}`, separated by commas"
        ) from None


def _address(host: str | None) -> Address | None:
    """Read an address, without a zone, and one of IPv4 as such, however it came."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return None
    return _unmapped(address)


def _unmapped(address: Address) -> Address:
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _node(text: str) -> Address | None:
    """Read an address with or without a port, one of IPv6 with or without brackets (RFC 7239, section 6)."""
    host, port = text, ""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        port = rest[1:]
        if "." in host and ":" not in host:  # brackets are for IPv6
            return None
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    return _address(host) if not port or (port.isascii() and port.isdigit()) else None


def _last_of(scope: Mapping[str, Any], name: bytes) -> list[str]:
    """Return the last elements of a header that is a list, the last one first; it may have been sent several times."""
    lines = [bytes(value).decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return list(_elements(lines))


def _elements(lines: list[str]) -> Iterator[str]:
    elements = ",".join(lines).rsplit(",", MAX_HOPS)[-MAX_HOPS:]
    return (element for element in map(str.strip, reversed(elements)) if element)


def _pair(element: str, name: str) -> str:
    """Return a value of one element of `Forwarded`.

    No value that counts here has a comma or a semicolon in it. So quotes keep none together: one that a client left open would swallow what
    the proxy wrote behind it.
    """
    for pair in element.split(";"):
        key, _, value = pair.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""
