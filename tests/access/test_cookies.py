"""When the cookie of a browser's session is believed."""

import pytest

from collab.access.cookies import session_shown, set_cookie, set_visit_cookie, visit_shown

OWN = "http://docs.example.org"


def shown(*, acts: bool = True, secure: bool = False, **headers: str) -> str | None:
    given = {"host": "docs.example.org", "cookie": "collab_session=cs_x", **headers}
    return session_shown({name.replace("_", "-"): value for name, value in given.items()}.get, secure=secure, acts=acts)


@pytest.mark.parametrize("origin", [OWN, "http://docs.example.org:80"])
def test_the_servers_own_page_may_act(origin: str) -> None:
    assert shown(origin=origin) == "cs_x"


ELSEWHERE = [
    "null",
    "",
    "https://docs.example.org",
    "http://docs.example.org:8080",
    "http://example.org",
    "http://evil.docs.example.org",
    "http://docs.example.org.evil.org",
    "http://evildocs.example.org",
    "http://docs.example.org@evil.org",
    "http://evil.org#docs.example.org",
    "http://evil.org/docs.example.org",
    "http://docs.example.org\\.evil.org",
    "file://",
    "chrome-extension://docs.example.org",
    "http://",
    "docs.example.org",
    "http://docs.example.org, http://evil.org",
]


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("origin", ELSEWHERE)
def test_a_page_elsewhere_neither_acts_nor_reads(origin: str, acts: bool) -> None:
    assert shown(origin=origin, acts=acts) is None


@pytest.mark.parametrize(
    ("site", "believed"), [("same-origin", True), ("same-site", False), ("cross-site", False), ("none", False)]
)
def test_without_an_origin_the_browser_must_say_that_the_page_is_ours(site: str, believed: bool) -> None:
    assert (shown(sec_fetch_site=site) is not None) == believed
    assert shown() is None


def test_without_an_origin_anything_may_be_read_that_no_page_elsewhere_can_see() -> None:
    assert shown(acts=False) == "cs_x"


def test_over_tls_only_the_cookie_counts_that_no_other_host_can_set() -> None:
    origin = "https://docs.example.org"

    assert shown(origin=origin, secure=True) is None
    assert shown(origin=origin, secure=True, cookie="__Host-collab_session=cs_x; collab_session=cs_y") == "cs_x"
    assert shown(origin="http://docs.example.org", secure=True, cookie="__Host-collab_session=cs_x") is None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "other=cs_x",
        "collab_session",
        "collab_session=" + "x" * 200,
        "a=b; " * 3000 + "collab_session=cs_x",
        "=;=;\x00",
    ],
)
def test_what_is_no_session_is_none(cookie: str) -> None:
    assert not shown(origin=OWN, cookie=cookie)


def test_no_script_sees_the_cookie_and_no_other_site_has_it_sent() -> None:
    assert set_cookie("cs_x", secure=False, seconds=60) == (
        "collab_session=cs_x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60"
    )
    assert set_cookie("cs_x", secure=True, seconds=0) == (
        "__Host-collab_session=cs_x; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure"
    )


def test_over_tls_no_other_host_can_set_the_cookie_of_a_visit() -> None:
    assert set_visit_cookie("cv_x", secure=True, seconds=600) == (
        "__Host-collab_visit=cv_x; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure"
    )
    cookies = {"cookie": "collab_visit=cv_forged; __Host-collab_visit=cv_x"}
    assert visit_shown(cookies.get, secure=True) == "cv_x"
    assert visit_shown({"cookie": "collab_visit=cv_forged"}.get, secure=True) is None


def test_without_tls_the_cookie_of_a_visit_goes_to_single_sign_on_alone() -> None:
    assert set_visit_cookie("cv_x", secure=False, seconds=600) == (
        "collab_visit=cv_x; Path=/api/v1/oidc; HttpOnly; SameSite=Lax; Max-Age=600"
    )
    assert visit_shown({"cookie": "collab_visit=cv_x"}.get, secure=False) == "cv_x"
