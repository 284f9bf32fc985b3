"""A provider that lies, breaks or hangs, in a process of its own: nobody gets in by that, and the server goes on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from collab.access.oidc import kept, provider
from collab.access.oidc.bounded import MAX_ANSWER_BYTES
from collab.storage import open_storage
from tests.gateways.serving import Serve
from tests.oidc.browser import Browser, refusal

pytestmark = pytest.mark.anyio

Behave = Callable[..., Awaitable[None]]


@pytest.fixture
async def behave(hostile: str) -> AsyncIterator[Behave]:
    """Tell the provider how to behave; at first it does as it should."""
    async with httpx.AsyncClient(base_url=hostile) as client:

        async def tell(**behaviour: object) -> None:
            (await client.post("/behave", json=behaviour)).raise_for_status()

        await tell()
        yield tell


@pytest.fixture
async def browser(hostile: str, serve: Serve, behave: Behave) -> AsyncIterator[Browser]:
    """A browser at a server that trusts this provider, and has accounts of Ada and Bob."""
    options = {"oidc_issuer": hostile, "oidc_client_id": "collab", "oidc_client_secret": "s" * 32}
    async with serve(accounts=True, **options) as server, open_storage(server.app.settings.database) as storage:
        for name in ("Ada", "Bob"):
            await storage.accounts.create(
                email=f"{name.lower()}@example.org", name=name, password_hash="kept", admin=name == "Ada"
            )
        async with Browser(f"http://{server.address}") as opened:
            yield opened


async def sign_in(browser: Browser) -> httpx.Response:
    """Go there and back; this provider asks for no password."""
    begun = await browser.start()
    if "#" in begun.headers["Location"]:
        return begun
    sent_back = await browser.client.get(begun.headers["Location"])
    return await browser.come_back(sent_back.headers["Location"])


async def asked(hostile: str, path: str) -> int:
    async with httpx.AsyncClient(base_url=hostile) as client:
        return int((await client.get("/asked")).json().count(path))


@pytest.mark.parametrize("sign", ["RS256", "PS256", "ES256", "no kid"])
async def test_good_signatures_are_taken(browser: Browser, behave: Behave, sign: str) -> None:
    await behave(sign=sign)
    await sign_in(browser)

    assert await browser.name() == "Ada"


FORGERIES = [
    "none",
    "nOnE",
    "unsigned RS256",
    "HS256 by the public key",
    "HS256 by the client's secret",
    "another key",
    "an unknown key",
    "a key in the header",
    "RS512",
    "changed",
    "garbage",
]


@pytest.mark.parametrize("sign", FORGERIES)
async def test_a_forged_id_token_lets_nobody_in(browser: Browser, behave: Behave, sign: str) -> None:
    await behave(sign=sign)

    assert refusal(await sign_in(browser)) == "unverified"
    assert await browser.name() is None


CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://evil.example.org"},
    {"iss": None},
    {"aud": "another client"},
    {"aud": []},
    {"aud": None},
    {"aud": ["collab", "another client"]},
    {"aud": ["collab", "another client"], "azp": "another client"},
    {"azp": "another client"},
    {"exp": {"from now": -61}},
    {"exp": None},
    {"exp": "tomorrow"},
    {"iat": {"from now": 120}},
    {"iat": None},
    {"nbf": {"from now": 120}},
    {"nonce": None},
    {"nonce": "another"},
    {"nonce": ""},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"sub": "a" * 256},
    {"sub": "a\u0000b"},
    {"at_hash": "another"},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
async def test_an_id_token_for_somebody_or_something_else_lets_nobody_in(
    browser: Browser, behave: Behave, claims: dict[str, Any]
) -> None:
    await behave(claims=claims)

    assert refusal(await sign_in(browser)) == "unverified"
    assert await browser.name() is None


@pytest.mark.parametrize("claims", [{"aud": ["collab", "x"], "azp": "collab"}, {"exp": {"from now": -30}}], ids=str)
async def test_an_id_token_may_name_others_beside_us_and_a_clock_may_be_off(
    browser: Browser, behave: Behave, claims: dict[str, Any]
) -> None:
    await behave(claims=claims)
    await sign_in(browser)

    assert await browser.name() == "Ada"


UNPROVEN: list[dict[str, Any]] = [
    {"email_verified": False},
    {"email_verified": None},
    {"email_verified": "true"},
    {"email_verified": 1},
    {"email": ["ada@example.org"]},
    {"email": "\u212aate@example.org"},
    {"email": "ada@example.org\u0000"},
    {"email": "a" * 300 + "@example.org"},
    {"email": ""},
]


@pytest.mark.parametrize("claims", UNPROVEN, ids=str)
async def test_an_email_that_is_not_proven_finds_no_account(
    browser: Browser, behave: Behave, claims: dict[str, Any]
) -> None:
    await behave(claims=claims)

    assert refusal(await sign_in(browser)) == "no-account"


async def test_an_email_that_folds_to_anothers_is_not_theirs(browser: Browser, behave: Behave) -> None:
    await behave(claims={"email": "ada@example.o\uff52g"})

    assert refusal(await sign_in(browser)) == "no-account"


async def test_what_userinfo_says_of_an_email_is_not_mixed_with_the_token(browser: Browser, behave: Behave) -> None:
    await behave(claims={"email": None}, userinfo={"email": "ada@example.org", "email_verified": False})
    assert refusal(await sign_in(browser)) == "no-account"

    await behave(claims={"email": None}, userinfo={"email": "ada@example.org", "email_verified": True})
    await sign_in(browser)
    assert await browser.name() == "Ada"


async def test_userinfo_of_somebody_else_is_not_believed(browser: Browser, behave: Behave) -> None:
    await behave(claims={"email": None}, userinfo={"sub": "eve", "email": "ada@example.org", "email_verified": True})

    assert refusal(await sign_in(browser)) == "unverified"


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ({"iss": "https://evil.example.org"}, "unverified"),
        ({"error": "access_denied"}, "denied"),
        ({"state": "another"}, "expired"),
    ],
)
async def test_an_answer_that_is_not_as_expected_lets_nobody_in(
    browser: Browser, behave: Behave, response: dict[str, str], why: str
) -> None:
    await behave(response=response)

    assert refusal(await sign_in(browser)) == why


async def test_a_provider_that_promises_to_name_itself_must(browser: Browser, behave: Behave, hostile: str) -> None:
    promise = {"authorization_response_iss_parameter_supported": True}
    await behave(discovery=promise)
    assert refusal(await sign_in(browser)) == "unverified"

    await behave(discovery=promise, response={"iss": hostile})
    await sign_in(browser)
    assert await browser.name() == "Ada"


DISCOVERY: list[dict[str, Any]] = [
    {"issuer": "https://evil.example.org"},
    {"issuer": None},
    {"token_endpoint": "http://evil.example.org/token"},
    {"token_endpoint": None},
    {"token_endpoint": "file:///etc/passwd"},
    {"jwks_uri": ["https://evil.example.org"]},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"authorization_endpoint": "http://localhost:port/"},
    {"userinfo_endpoint": "ftp://evil.example.org"},
]


@pytest.mark.parametrize("discovery", DISCOVERY, ids=str)
async def test_a_discovery_document_with_foreign_or_unsafe_addresses_is_not_used(
    browser: Browser, behave: Behave, discovery: dict[str, Any]
) -> None:
    await behave(discovery=discovery)

    assert refusal(await sign_in(browser)) == "unavailable"


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks", "/userinfo"])
@pytest.mark.parametrize("answer", ["hang", "large", "compressed", "garbage", "list", "deep", "error", "redirect"])
async def test_a_broken_answer_lets_nobody_in_and_the_server_goes_on(
    browser: Browser, behave: Behave, monkeypatch: pytest.MonkeyPatch, hostile: str, path: str, answer: str
) -> None:
    monkeypatch.setattr(provider, "FETCH_TIMEOUT", 0.5 if answer == "hang" else 30.0)
    monkeypatch.setattr(kept, "RETRY_INTERVAL", 0.0)
    claims = {"email": None} if path == "/userinfo" else {}
    await behave(answer={path: answer}, claims=claims)

    assert refusal(await sign_in(browser)) == "unavailable"
    assert await browser.name() is None
    assert await asked(hostile, "/elsewhere") == 0

    await behave()
    await sign_in(browser)
    assert await browser.name() == "Ada"


def test_the_large_answer_of_the_tests_is_too_large() -> None:
    assert MAX_ANSWER_BYTES < 10_000_000


@pytest.mark.parametrize(
    "tokens",
    [{"id_token": None}, {"id_token": 7}, {"id_token": ""}, {"id_token": "a" * 200_000}],
    ids=["missing", "a number", "empty", "too long"],
)
async def test_tokens_without_an_id_token_let_nobody_in(
    browser: Browser, behave: Behave, tokens: dict[str, Any]
) -> None:
    await behave(tokens=tokens)

    assert refusal(await sign_in(browser)) == "unverified"


@pytest.mark.parametrize("tokens", [{"expires_in": [1]}, {"token_type": 7}, {"access_token": None}], ids=str)
async def test_an_access_token_that_is_none_lets_nobody_in(
    browser: Browser, behave: Behave, tokens: dict[str, Any]
) -> None:
    await behave(tokens=tokens, claims={"email": None})

    assert refusal(await sign_in(browser)) == "unavailable"


async def test_a_new_key_is_fetched_but_not_for_everybody_who_names_one(
    browser: Browser, behave: Behave, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(browser)
    assert await browser.name() == "Ada"

    await behave(rotate=True)
    assert refusal(await sign_in(browser)) == "unverified"
    assert await asked(hostile, "/jwks") == 0, "the keys were fetched just before"

    monkeypatch.setattr(kept, "RENEWAL_INTERVAL", 0.0)
    monkeypatch.setattr(kept, "RETRY_INTERVAL", 0.0)
    await sign_in(browser)
    assert await browser.name() == "Ada"
    assert await asked(hostile, "/jwks") == 1
    assert await asked(hostile, "/.well-known/openid-configuration") == 0
