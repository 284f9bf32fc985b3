import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from collab.access.published import GRACE, LIFETIME, REFETCH_INTERVAL, RETRY_INTERVAL, PublishedKeys, published_at
from collab.access.token import TokenAccess
from collab.errors import IdentityUnavailable, Unauthenticated

pytestmark = pytest.mark.anyio

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NOW = 1_800_000_000.0
CLAIMS: dict[str, object] = {"sub": "u1", "name": "Ada", "exp": NOW + 60}


def jwk(kid: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = RSA_KEY) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        written = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())
    else:
        written = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())
    return {**json.loads(written), "kid": kid, "use": "sig"}


class Provider:
    """An identity provider and a clock, both at a test's hand."""

    def __init__(self, *kids: str) -> None:
        self.kids = kids
        self.now = 0.0
        self.fetches = 0
        self.away = False

    def fetch(self) -> Mapping[str, jwt.PyJWK]:
        self.fetches += 1
        if self.away:
            raise jwt.PyJWKClientConnectionError("no route")
        return {kid: jwt.PyJWK.from_dict(jwk(kid)) for kid in self.kids}

    def keys(self) -> PublishedKeys:
        return PublishedKeys(self.fetch, clock=lambda: self.now)


async def test_keys_are_fetched_once_for_many_at_once() -> None:
    provider = Provider("a")
    keys = provider.keys()

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(keys.key_for, "a")

    assert provider.fetches == 1


async def test_an_unknown_key_is_looked_for_once_in_a_while() -> None:
    provider = Provider("a")
    keys = provider.keys()
    await keys.key_for("a")
    for kid in ("b", "c", "d"):
        with pytest.raises(Unauthenticated, match="`kid`"):
            await keys.key_for(kid)
    fetched_meanwhile = provider.fetches
    provider.kids, provider.now = ("a", "b"), REFETCH_INTERVAL

    await keys.key_for("b")

    assert (fetched_meanwhile, provider.fetches) == (1, 2)


async def test_old_keys_are_fetched_again_and_a_withdrawn_one_ends() -> None:
    provider = Provider("a")
    keys = provider.keys()
    await keys.key_for("a")
    provider.kids, provider.now = ("b",), LIFETIME + 1

    with pytest.raises(Unauthenticated, match="`kid`"):
        await keys.key_for("a")


async def test_the_last_keys_serve_while_the_provider_is_away() -> None:
    provider = Provider("a")
    keys = provider.keys()
    await keys.key_for("a")
    provider.away, provider.now = True, LIFETIME + 1

    await keys.key_for("a")

    assert provider.fetches == 2


async def test_a_known_key_serves_while_the_provider_does_not_answer() -> None:
    provider = Provider("a")
    asked, answer = threading.Event(), threading.Event()

    def wait_and_fetch() -> Mapping[str, jwt.PyJWK]:
        asked.set()
        answer.wait(timeout=30)
        return provider.fetch()

    keys = PublishedKeys(lambda: wait_and_fetch() if provider.now else provider.fetch(), clock=lambda: provider.now)
    await keys.key_for("a")
    provider.away, provider.now = True, LIFETIME + 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keys.key_for, "a")
        await anyio.to_thread.run_sync(asked.wait, 30)
        for _ in range(20):
            await keys.key_for("a")
        fetched_meanwhile = provider.fetches
        answer.set()

    assert (fetched_meanwhile, provider.fetches) == (1, 2)


async def test_those_who_waited_for_a_slow_failure_do_not_try_again() -> None:
    provider = Provider("a")
    provider.away = True

    def fail_slowly() -> Mapping[str, jwt.PyJWK]:
        provider.now += RETRY_INTERVAL
        return provider.fetch()

    keys = PublishedKeys(fail_slowly, clock=lambda: provider.now)

    async def come() -> None:
        with pytest.raises(IdentityUnavailable):
            await keys.key_for("a")

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(come)

    assert provider.fetches == 1


async def test_nobody_is_let_in_once_the_provider_was_away_for_too_long() -> None:
    provider = Provider("a")
    keys = provider.keys()
    await keys.key_for("a")
    provider.away, provider.now = True, GRACE + 1

    with pytest.raises(IdentityUnavailable, match="cannot be fetched"):
        await keys.key_for("a")


async def test_a_provider_that_was_away_is_asked_again_soon_and_not_at_once() -> None:
    provider = Provider("a")
    provider.away = True
    keys = provider.keys()
    for _ in range(3):
        with pytest.raises(IdentityUnavailable, match="cannot be fetched"):
            await keys.key_for("a")
    fetched_while_away = provider.fetches
    provider.away, provider.now = False, RETRY_INTERVAL

    await keys.key_for("a")

    assert (fetched_while_away, provider.fetches) == (1, 2)


async def test_a_token_that_names_no_key_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="`kid`"):
        await Provider("a").keys().key_for(None)


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A key set on loopback: its address, and what is answered there."""
    answer = {"body": b""}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks", answer
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256")])
async def test_a_token_signed_with_a_published_key_tells_who_it_is(
    served: tuple[str, dict[str, bytes]], key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: str
) -> None:
    url, answer = served
    answer["body"] = json.dumps({"keys": [jwk("k1", RSA_KEY), jwk("k2", EC_KEY)]}).encode()
    kid = "k1" if key is RSA_KEY else "k2"
    token = jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": kid})

    identity = await TokenAccess(published_at(url), clock=lambda: NOW).authenticate(token)

    assert identity.user_id == "u1"


async def test_a_token_that_names_another_algorithm_than_its_key_is_refused(
    served: tuple[str, dict[str, bytes]],
) -> None:
    url, answer = served
    answer["body"] = json.dumps({"keys": [jwk("k1", RSA_KEY)]}).encode()
    token = jwt.encode(CLAIMS, EC_KEY, algorithm="ES256", headers={"kid": "k1"})

    with pytest.raises(Unauthenticated):
        await TokenAccess(published_at(url), clock=lambda: NOW).authenticate(token)


async def test_a_symmetric_key_in_the_set_verifies_nothing(served: tuple[str, dict[str, bytes]]) -> None:
    url, answer = served
    shared = {"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "kid": "s", "alg": "HS256"}
    answer["body"] = json.dumps({"keys": [shared, jwk("k1")]}).encode()
    token = jwt.encode(CLAIMS, b"0123456789abcdef0123456789abcdef", algorithm="HS256", headers={"kid": "s"})

    with pytest.raises(Unauthenticated):
        await TokenAccess(published_at(url), clock=lambda: NOW).authenticate(token)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": [7]}', b"<html>", b"\xff", b"[" * 5000])
async def test_what_is_no_key_set_lets_nobody_in(served: tuple[str, dict[str, bytes]], body: bytes) -> None:
    url, answer = served
    answer["body"] = body

    with pytest.raises(IdentityUnavailable, match="cannot be fetched"):
        await published_at(url).key_for("k1")
