"""Where the server may listen: without tokens, nowhere but on this machine."""

import ipaddress

from collab.access.factory import MAKE_A_SECRET
from collab.errors import SettingsError
from collab.settings import Settings


def host_of(bind: str) -> str:
    """Return the host of `host:port`, `[host]:port` or a bare host, without brackets; empty where none is named."""
    if bind.startswith("["):
        return bind[1:].partition("]")[0]
    if bind.count(":") > 1:  # an IPv6 address, which can have no port without brackets
        return bind
    return bind.rpartition(":")[0] if ":" in bind else bind


def is_loopback_host(host: str) -> bool:
    """Tell whether a host is this machine alone: 127.0.0.0/8, ::1 or `localhost`; no name is resolved."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address == ipaddress.IPv6Address("::1")
    return address.is_loopback


def is_loopback(bind: str) -> bool:
    """Tell whether only this machine reaches a server bound there: loopback addresses, `localhost`, and `unix:` sockets."""
    return bind.startswith("unix:") or is_loopback_host(host_of(bind))


def refuse_open_bind(settings: Settings) -> None:
    """Raise `SettingsError` where everybody on the network could edit: in open mode, and not bound to loopback."""
    if not settings.open_mode or is_loopback(settings.bind):
        return
    raise SettingsError(
        f"without access tokens everybody who reaches {settings.bind!r} could edit every document; set COLLAB_SECRET "
        f"(make one with: {MAKE_A_SECRET}), COLLAB_JWKS_URL or COLLAB_ACCOUNTS, or bind to loopback, such as 127.0.0.1:8000"
    )
