"""Whose address a request is taken for, and whose headers change that."""

from collections.abc import Mapping
from typing import Any

import pytest

from collab.access import TrustedProxies, address_of, counted_as
from collab.access.client_address import MAX_HOPS
from collab.errors import SettingsError

PROXIES = "10.0.0.1, 192.168.0.0/16, fd00::/8"
PROXY = "10.0.0.1"


def request(client: str | None, *headers: tuple[str, str], kind: str = "http", scheme: str = "http") -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": kind, "client": client and (client, 4711), "headers": raw, "scheme": scheme}


def told(client: str | None, *headers: tuple[str, str], proxies: str | None = PROXIES) -> str | None:
    return address_of(TrustedProxies(proxies).seen_through(request(client, *headers)))


FORGED = [
    ("X-Forwarded-For", "203.0.113.9"),
    ("Forwarded", "for=203.0.113.9;proto=https"),
    ("X-Forwarded-Proto", "https"),
]


@pytest.mark.parametrize("client", ["203.0.113.1", "10.0.0.2", "127.0.0.1", "::1", None])
@pytest.mark.parametrize("proxies", [None, "", PROXIES])
def test_headers_from_somebody_else_change_nothing(client: str | None, proxies: str | None) -> None:
    scope = request(client, *FORGED)

    assert TrustedProxies(proxies).seen_through(scope) is scope


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.1,203.0.113.9 , 192.168.3.4, fd12::1", "203.0.113.9"),
        ("192.168.1.1, 192.168.1.2", "192.168.1.1"),
        ("203.0.113.9, ,", "203.0.113.9"),
        ("junk, 203.0.113.9", "203.0.113.9"),
    ],
)
def test_last_hop_that_is_no_trusted_proxy_is_the_client(header: str, address: str) -> None:
    assert told(PROXY, ("X-Forwarded-For", header)) == address


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "junk",
        "unknown",
        "_hidden",
        "203.0.113.9:port",
        "203.0.113.9:1:2",
        "[2001:db8::1",
        "[]",
        "[2001:db8::1]4711",
        "[203.0.113.9]",
        "203.0.113.9, unknown",
        "999.0.0.1",
        "\xff",
        "203.0.113.9:\xb2",
        "1" * 9000,
    ],
)
def test_hop_that_is_no_address_leaves_the_proxy_that_wrote_it(header: str) -> None:
    assert told(PROXY, ("X-Forwarded-For", header)) == PROXY


def test_hop_that_is_no_address_behind_a_trusted_one_leaves_that() -> None:
    assert told(PROXY, ("X-Forwarded-For", "203.0.113.9, junk, 192.168.1.1")) == "192.168.1.1"


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
        ('proto=https; for="[2001:db8::1]:4711"', "2001:db8::1"),
        ("for=198.51.100.1, for=203.0.113.9, for=192.168.3.4", "203.0.113.9"),
        ('for="198.51.100.1, for=203.0.113.9', "203.0.113.9"),
        ("by=10.0.0.1", PROXY),
        ("for=unknown", PROXY),
        ("for", PROXY),
    ],
)
def test_forwarded_is_read_alike(header: str, address: str) -> None:
    assert told(PROXY, ("Forwarded", header)) == address


def test_forwarded_is_passed_over_where_there_is_the_older_header() -> None:
    assert told(PROXY, ("Forwarded", "for=198.51.100.1"), ("X-Forwarded-For", "203.0.113.9")) == "203.0.113.9"


def test_header_that_is_sent_twice_is_one_list() -> None:
    assert told(PROXY, ("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.9")) == "203.0.113.9"


def test_of_a_list_of_thousands_the_last_hops_are_read() -> None:
    forged = ", ".join(["198.51.100.1"] * 5000)

    assert told(PROXY, ("X-Forwarded-For", f"{forged}, 203.0.113.9")) == "203.0.113.9"
    assert told(PROXY, ("X-Forwarded-For", ", ".join([forged, *["192.168.1.1"] * MAX_HOPS]))) == "192.168.1.1"


def test_proxy_on_a_unix_socket_is_trusted_by_name() -> None:
    header = ("X-Forwarded-For", "203.0.113.9")

    assert told(None, header, proxies="unix") == "203.0.113.9"
    assert told(None, header, proxies="127.0.0.1") is None


def test_proxy_is_known_by_its_ipv4_address_on_a_socket_of_both() -> None:
    assert told("::ffff:10.0.0.1", ("X-Forwarded-For", "203.0.113.9")) == "203.0.113.9"


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("a name", "a name"),
        (None, None),
    ],
)
def test_an_address_is_written_in_one_way_however_it_comes(client: str | None, address: str | None) -> None:
    assert told(client) == address


@pytest.mark.parametrize(
    ("kind", "headers", "scheme"),
    [
        ("http", {"X-Forwarded-Proto": "https"}, "https"),
        ("http", {"X-Forwarded-Proto": "http, HTTPS"}, "https"),
        ("http", {"X-Forwarded-Proto": "https, gopher"}, "http"),
        ("http", {"Forwarded": "for=203.0.113.9;proto=https"}, "https"),
        ("http", {"X-Forwarded-For": "203.0.113.9"}, "http"),
        ("websocket", {"X-Forwarded-Proto": "https"}, "wss"),
        ("websocket", {"X-Forwarded-Proto": "wss"}, "wss"),
    ],
)
def test_scheme_is_the_one_that_the_proxy_was_asked_by(kind: str, headers: Mapping[str, str], scheme: str) -> None:
    scope = request(PROXY, *headers.items(), kind=kind, scheme="http" if kind == "http" else "ws")

    assert TrustedProxies(PROXIES).seen_through(scope)["scheme"] == scheme


@pytest.mark.parametrize("named", ["junk", "10.0.0.1/33", "10.0.0.1/16", "10.0.0.1 10.0.0.2", "*", "proxy.example"])
def test_proxies_that_are_no_networks_are_told_at_the_start(named: str) -> None:
    with pytest.raises(SettingsError, match=r"COLLAB_TRUSTED_PROXIES: .*expected addresses and networks"):
        TrustedProxies(named)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("junk", None),
        (None, None),
    ],
)
def test_ipv6_is_counted_by_its_network_and_this_machine_not_at_all(host: str | None, counted: str | None) -> None:
    assert counted_as(host) == counted
