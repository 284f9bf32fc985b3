import pytest

from collab.access import TokenAccess, is_loopback, refuse_open_bind, tokens_from
from collab.errors import SettingsError
from collab.settings import Settings

SECRET = "0123456789abcdef0123456789abcdef"


def settings(**given: str) -> Settings:
    return Settings.model_validate(given)


def test_without_a_secret_access_is_open() -> None:
    assert settings().open_mode
    assert tokens_from(settings()) is None


@pytest.mark.parametrize("given", [{"secret": SECRET}, {"jwks_url": "https://login.example.org/jwks"}])
def test_with_a_secret_or_a_key_set_access_is_by_token(given: dict[str, str]) -> None:
    assert not settings(**given).open_mode
    assert isinstance(tokens_from(settings(**given)), TokenAccess)


def test_a_short_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match="6 bytes long; expected 32 or more") as refusal:
        tokens_from(settings(secret="sesame"))

    assert "sesame" not in str(refusal.value)


def test_a_secret_is_measured_in_bytes() -> None:
    assert isinstance(tokens_from(settings(secret="ü" * 16)), TokenAccess)


def test_a_secret_and_a_key_set_exclude_each_other() -> None:
    with pytest.raises(SettingsError, match="both"):
        tokens_from(settings(secret=SECRET, jwks_url="https://login.example.org/jwks"))


@pytest.mark.parametrize("url", ["", "login.example.org", "file:///etc/passwd", "ftp://x/y", "https://", "http://[x"])
def test_a_key_set_that_is_not_on_the_web_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="COLLAB_JWKS_URL"):
        tokens_from(settings(jwks_url=url))


LOOPBACK = [
    "127.0.0.1:8000",
    "127.8.9.1:1",
    "127.0.0.1",
    "[::1]:8000",
    "::1",
    "localhost:8000",
    "LOCALHOST:8000",
    "localhost",
    "unix:/run/collab.sock",
]
ELSEWHERE = [
    "0.0.0.0:8000",
    "[::]:8000",
    "::",
    ":8000",
    "",
    "192.168.1.2:8000",
    "128.0.0.1:80",
    "example.org:8000",
    "localhost.example.org:8000",
    "127.0.0.1.example.org:8000",
    "127.1:8000",
    "2130706433:8000",
    "[fe80::1]:8000",
    "[::ffff:192.168.1.2]:80",
]


@pytest.mark.parametrize("bind", LOOPBACK)
def test_an_address_of_this_machine_alone_is_loopback(bind: str) -> None:
    assert is_loopback(bind)
    refuse_open_bind(settings(bind=bind))


@pytest.mark.parametrize("bind", ELSEWHERE)
def test_an_open_server_on_any_other_address_is_refused(bind: str) -> None:
    assert not is_loopback(bind)
    with pytest.raises(SettingsError, match=r"COLLAB_SECRET .* COLLAB_JWKS_URL"):
        refuse_open_bind(settings(bind=bind))


@pytest.mark.parametrize("given", [{"secret": SECRET}, {"jwks_url": "https://login.example.org/jwks"}])
def test_a_server_that_asks_for_tokens_may_bind_anywhere(given: dict[str, str]) -> None:
    refuse_open_bind(settings(bind="0.0.0.0:8000", **given))


@pytest.mark.parametrize("given", [{"token_issuer": "https://login.example.org"}, {"token_audience": "collab"}])
def test_an_issuer_or_audience_without_keys_is_refused_and_no_open_door(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="expected COLLAB_SECRET or COLLAB_JWKS_URL too"):
        tokens_from(settings(**given))
