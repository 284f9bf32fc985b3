"""Which pages may act on the server, by the origin they come from."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from collab.access.origin import Pages, is_own_page
from collab.errors import Forbidden
from collab.settings import Settings

HOST = "collab.example.com"
APP = "https://app.example.com"

OPEN = Pages(open_mode=True)
CLOSED = Pages(open_mode=False)
LISTED = Pages(open_mode=False, allowed=frozenset({APP}))
OPEN_LISTED = Pages(open_mode=True, allowed=frozenset({APP}))

IMITATIONS = {
    "hidden": "null",
    "empty": "",
    "of something like it": "https://evil-app.example.com",
    "below another": "https://app.example.com.evil.org",
    "below it": "https://sub.app.example.com",
    "above it": "https://example.com",
    "on another port": "https://app.example.com:8443",
    "on the port that browsers leave out": "https://app.example.com:443",
    "without TLS": "http://app.example.com",
    "of another scheme": "ftp://app.example.com",
    "in upper case": "HTTPS://APP.EXAMPLE.COM",
    "with one upper letter": "https://App.example.com",
    "with a dot behind it": "https://app.example.com.",
    "behind user info": "https://app.example.com@evil.org",
    "with user info": "https://evil@app.example.com",
    "with a path": "https://app.example.com/",
    "in a path": "https://evil.org/https://app.example.com",
    "in a fragment": "https://evil.org#https://app.example.com",
    "with a look-alike letter": "https://\N{CYRILLIC SMALL LETTER A}pp.example.com",
    "with a look-alike letter in IDNA": "https://xn--pp-7lc.example.com",
    "with a full-width dot": "https://app。example.com",
    "percent-encoded": "https://app%2eexample.com",
    "with a space before it": " https://app.example.com",
    "with a line break behind it": "https://app.example.com\n",
    "with another behind it": "https://app.example.com https://evil.org",
    "with another behind a comma": "https://app.example.com, https://evil.org",
    "without a scheme": "app.example.com",
    "of any": "*",
}


def refused(pages: Pages, *origins: str, host: str | None = HOST, secure: bool = True) -> bool:
    try:
        pages.check(origins, host, secure=secure)
    except Forbidden:
        return True
    return False


@pytest.mark.parametrize("pages", [OPEN, CLOSED, LISTED, OPEN_LISTED])
def test_whoever_sends_no_origin_is_no_page(pages: Pages) -> None:
    assert not refused(pages)


@pytest.mark.parametrize("pages", [LISTED, OPEN_LISTED])
def test_page_of_an_allowed_origin_may_act(pages: Pages) -> None:
    assert not refused(pages, APP)


@pytest.mark.parametrize("pages", [LISTED, OPEN_LISTED])
@pytest.mark.parametrize("origin", IMITATIONS.values(), ids=IMITATIONS)
def test_page_of_an_origin_like_an_allowed_one_may_not(pages: Pages, origin: str) -> None:
    assert refused(pages, origin)


@pytest.mark.parametrize("pages", [OPEN, Pages(open_mode=False, allowed=frozenset({"https://other.example.com"}))])
@pytest.mark.parametrize("origin", sorted(set(IMITATIONS.values()) - {"https://app.example.com:443"}))
def test_page_of_an_origin_like_the_servers_own_may_not(pages: Pages, origin: str) -> None:
    assert refused(pages, origin, host="app.example.com")


@pytest.mark.parametrize("pages", [OPEN, CLOSED, LISTED, OPEN_LISTED])
@pytest.mark.parametrize(
    "origins", [(APP, APP), (f"https://{HOST}", "https://evil.org"), ("null", APP), ("http://localhost", "null")]
)
def test_two_origins_are_one_too_many(pages: Pages, origins: Sequence[str]) -> None:
    assert refused(pages, *origins)


@pytest.mark.parametrize("pages", [OPEN, CLOSED, LISTED])
@pytest.mark.parametrize(
    ("origin", "host", "secure"),
    [
        ("https://collab.example.com", "collab.example.com", True),
        ("https://collab.example.com", "collab.example.com:443", True),
        ("https://collab.example.com:8443", "COLLAB.example.com:8443", True),
        ("http://collab.example.com", "collab.example.com", False),
        ("https://collab.example.com", "collab.example.com", False),  # a proxy has ended the TLS
        ("http://[2001:db8::1]:8000", "[2001:db8::1]:8000", False),
    ],
)
def test_page_of_the_server_itself_may_act(pages: Pages, origin: str, host: str, secure: bool) -> None:
    assert not refused(pages, origin, host=host, secure=secure)


def test_page_without_tls_may_not_act_on_a_server_that_has_it() -> None:
    assert refused(LISTED, f"http://{HOST}", secure=True)
    assert refused(OPEN, f"http://{HOST}", secure=True)


@pytest.mark.parametrize("origin", ["https://evil.org", "capacitor://localhost", "http://localhost:5173"])
def test_with_tokens_and_nothing_allowed_a_page_from_anywhere_may_ask(origin: str) -> None:
    assert not refused(CLOSED, origin)


def test_with_tokens_a_page_that_hides_its_origin_may_not() -> None:
    assert refused(CLOSED, "null")


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1", "https://[::1]:8443"])
def test_page_on_loopback_may_act_in_open_mode_alone(origin: str) -> None:
    assert not refused(OPEN, origin)
    assert refused(LISTED, origin)


@pytest.mark.parametrize("origin", IMITATIONS.values(), ids=IMITATIONS)
def test_what_is_like_the_servers_own_page_is_not_it(origin: str) -> None:
    """A cookie counts from the server's own pages alone."""
    own = is_own_page(origin, "app.example.com", secure=True)

    assert own == (origin == "https://app.example.com:443")


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        (None, set()),
        ("", set()),
        (APP, {APP}),
        (f" {APP} , http://localhost:5173,", {APP, "http://localhost:5173"}),
        ("capacitor://localhost", {"capacitor://localhost"}),
        ("https://xn--bcher-kva.example", {"https://xn--bcher-kva.example"}),
        ("http://[::1]:3000", {"http://[::1]:3000"}),
    ],
)
def test_allowed_origins_are_listed_with_commas(value: str | None, origins: set[str]) -> None:
    assert Settings(allowed_origins=value).origins == origins


@pytest.mark.parametrize(
    "value",
    [
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://app.example.com.",
        "https://user@app.example.com",
        "https://*.example.com",
        "https://bücher.example",
        f"{APP} https://other.example.com",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_no_setting(value: str) -> None:
    with pytest.raises(ValidationError, match="is no origin as browsers send it"):
        Settings(allowed_origins=value)
