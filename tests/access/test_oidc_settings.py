"""Settings of single sign-on that contradict each other are told when the server starts."""

import pytest

from collab.access.oidc import configuration_from
from collab.errors import SettingsError
from collab.settings import Settings

GOOD = {"accounts": True, "oidc_issuer": "https://id.example.org/realm", "oidc_client_id": "collab"}


def test_without_a_provider_there_is_no_single_sign_on() -> None:
    assert configuration_from(Settings()) is None


@pytest.mark.parametrize(
    "issuer", ["https://id.example.org", "http://localhost:8080/x", "http://127.0.0.1:1", "http://[::1]:1"]
)
def test_a_provider_is_an_https_url_or_on_this_machine(issuer: str) -> None:
    configuration = configuration_from(Settings.model_validate({**GOOD, "oidc_issuer": issuer}))

    assert configuration is not None
    assert (configuration.issuer, configuration.name, configuration.sign_up) == (issuer, "single sign-on", False)


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "id.example.org",
        "http://id.example.org",
        "http://localhost.example.org",
        "https://",
        "https://user@id.example.org",
        "https://id.example.org?x=1",
        "https://id.example.org#x",
        "https://id.example.org:port",
        "https://id.example.org/ x",
        "ftp://localhost",
    ],
)
def test_another_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(SettingsError, match="COLLAB_OIDC_ISSUER is no issuer"):
        configuration_from(Settings.model_validate({**GOOD, "oidc_issuer": issuer}))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"accounts": False}, "without COLLAB_ACCOUNTS"),
        ({"oidc_client_id": None}, "without COLLAB_OIDC_CLIENT_ID"),
        ({"oidc_issuer": None}, "expected COLLAB_OIDC_ISSUER too"),
        ({"oidc_issuer": None, "oidc_client_id": None, "oidc_client_secret": "x"}, "expected COLLAB_OIDC_ISSUER too"),
        ({"oidc_issuer": None, "oidc_client_id": None, "oidc_sign_up": True}, "expected COLLAB_OIDC_ISSUER too"),
        ({"oidc_scopes": "email"}, "no `openid`"),
        ({"oidc_name": ""}, "COLLAB_OIDC_NAME"),
        ({"oidc_name": "x" * 65}, "COLLAB_OIDC_NAME"),
    ],
)
def test_contradictions_are_told_in_one_line(changed: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as told:
        configuration_from(Settings.model_validate({**GOOD, **changed}))

    assert "\n" not in str(told.value)
