import pytest

from collab.access import Pages, check_host
from collab.errors import Forbidden


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "127.0.0.1:8000"),
        (None, None),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://localhost:5173", "127.0.0.1:8000"),
        ("http://[::1]:5173", "127.0.0.1:8000"),
        ("https://notes.example.org", "notes.example.org"),
        ("https://notes.example.org", "notes.example.org:443"),
        ("http://notes.example.org:8080", "NOTES.example.org:8080"),
    ],
)
def test_in_open_mode_a_page_of_this_server_or_on_loopback_may_ask(origin: str | None, host: str | None) -> None:
    Pages(open_mode=True).check([] if origin is None else [origin], host, secure=False)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "127.0.0.1:8000"),
        ("", "127.0.0.1:8000"),
        ("https://evil.example", "127.0.0.1:8000"),
        ("https://evil.example", None),
        ("http://127.0.0.1.evil.example", "127.0.0.1:8000"),
        ("http://localhost.evil.example:8000", "localhost:8000"),
        ("http://localhost@evil.example", "localhost:8000"),
        ("http://evil.example/localhost", "localhost:8000"),
        ("http://evil.example#@localhost", "localhost:8000"),
        ("http://localhost:99999", "localhost:8000"),
        ("file://", "localhost:8000"),
        ("chrome-extension://localhost", "localhost:8000"),
        ("https://notes.example.org", "notes.example.org:80"),
        ("http://notes.example.org:8081", "notes.example.org:8080"),
        ("http://localhost\r\nx: y", "localhost:8000"),
    ],
)
def test_in_open_mode_a_page_from_elsewhere_may_not(origin: str, host: str | None) -> None:
    with pytest.raises(Forbidden):
        Pages(open_mode=True).check([origin], host, secure=False)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:1", None])
def test_in_open_mode_the_server_answers_to_loopback(host: str | None) -> None:
    check_host(host, open_mode=True)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8000", "192.168.1.2:8000", "localhost.evil.example", "localhost:x", "[::1"],
)
def test_in_open_mode_the_server_answers_to_no_other_name(host: str) -> None:
    with pytest.raises(Forbidden):
        check_host(host, open_mode=True)


def test_with_tokens_the_server_answers_to_any_name() -> None:
    check_host("collab.example.org", open_mode=False)
