"""Malformed and forged tokens of every kind, at every door: each is refused, and no answer repeats it."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256, sha512
from hmac import digest
from typing import Any, Final
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from websockets.exceptions import InvalidStatus

from tests.gateways.clients import hocuspocus, y_websocket
from tests.gateways.serving import SECRET, Serve, Served
from tests.support.heard import Denied, LetIn

pytestmark = pytest.mark.anyio

ISSUER: Final = "https://login.example.org"
AUDIENCE: Final = "collab"
HOUR: Final = 3600


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims with these changes; `None` takes one away."""
    good = {
        "sub": "ada",
        "name": "Ada",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 24 * HOUR,
        "documents": {"doc": "owner"},
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(payload: object, header: Mapping[str, Any] | None = None, *, key: str = SECRET) -> str:
    """Return a token as HS256 makes it, whatever stands in it."""
    parts = f"{encoded({'alg': 'HS256', 'typ': 'JWT', **(header or {})})}.{encoded(payload)}"
    return f"{parts}.{encoded(digest(key.encode(), parts.encode(), sha256))}"


def hs512() -> str:
    parts = f"{encoded({'alg': 'HS512', 'typ': 'JWT'})}.{encoded(claims())}"
    return f"{parts}.{encoded(digest(SECRET.encode(), parts.encode(), sha512))}"


def unsigned(algorithm: object) -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims())}."


def repeated(name: str, value: object) -> str:
    """Return good claims in which one is named twice: parsers take either."""
    return signed(f'{{"{name}": {json.dumps(value)}, {json.dumps(claims())[1:]}'.encode())


RSA: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC: Final = ec.generate_private_key(ec.SECP256R1())
NOW: Final = int(time.time())

HOSTILE: Final[Mapping[str, str]] = {
    "empty": "",
    "no token": "hello",
    "two parts": ".".join(signed(claims()).split(".")[:2]),
    "four parts": f"{signed(claims())}.x",
    "no base64": "!!!.???.***",
    "header of no object": f"{encoded([])}.{encoded(claims())}.x",
    "payload of no object": signed([claims()]),
    "payload of no JSON": signed(b"{"),
    "nested": signed(b'{"sub":' + b"[" * 6000 + b"]" * 6000 + b"}"),
    "huge": signed(claims(padding="x" * 20_000)),
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg missing": f"{encoded({'typ': 'JWT'})}.{encoded(claims())}.",
    "alg null": unsigned(None),
    "alg a list": unsigned(["HS256"]),
    "alg HS512": hs512(),
    "alg RS256": jwt.encode(claims(), RSA, algorithm="RS256"),
    "alg ES256": jwt.encode(claims(), EC, algorithm="ES256"),
    "another key": signed(claims(), key="x" * 32),
    "an empty key": signed(claims(), key=""),
    "own key in the header": signed(claims(), {"jwk": {"kty": "oct", "k": encoded(b"x" * 32)}}, key="x" * 32),
    "a key's address in the header": signed(claims(), {"jku": "http://127.0.0.1:1/keys"}, key="x" * 32),
    "a key's path as its id": signed(claims(), {"kid": "../../../../dev/null"}, key=""),
    "critical extension": signed(claims(), {"crit": ["b64"], "b64": False}),
    "signature cut": signed(claims())[:-4],
    "claims of another token": ".".join(
        [signed(claims()).split(".")[0], encoded(claims(sub="eve")), signed(claims()).split(".")[2]]
    ),
    "expired": signed(claims(exp=NOW - HOUR)),
    "no exp": signed(claims(exp=None)),
    "exp a text": signed(claims(exp="tomorrow")),
    "exp infinite": signed(json.dumps(claims(exp=float("inf"))).encode()),
    "exp out of range": signed(claims(exp=1e300)),
    "not valid yet": signed(claims(nbf=NOW + HOUR)),
    "made in the future": signed(claims(iat=NOW + HOUR)),
    "another issuer": signed(claims(iss="https://evil.example.org")),
    "issuer with a slash": signed(claims(iss=f"{ISSUER}/")),
    "no issuer": signed(claims(iss=None)),
    "another audience": signed(claims(aud="another")),
    "audiences without ours": signed(claims(aud=["collab2", "x"])),
    "no audience": signed(claims(aud=None)),
    "no subject": signed(claims(sub=None)),
    "subject a number": signed(claims(sub=7)),
    "subject empty": signed(claims(sub="")),
    "subject too long": signed(claims(sub="x" * 256)),
    "name of control characters": signed(claims(name="A\x00da")),
    "documents a list": signed(claims(documents=["doc"])),
    "role unknown": signed(claims(documents={"doc": "god"})),
    "admin a text": signed(claims(admin="true")),
    "sub twice": repeated("sub", "eve"),
    "exp twice": repeated("exp", NOW + HOUR),
    "documents twice": repeated("documents", {"doc": "reader"}),
    "session's secret": f"cs_{'x' * 43}",
    "ticket's secret": f"ct_{'x' * 43}",
    "key that never was": f"ck_{'x' * 43}",
    "link that never was": f"cl_{'x' * 43}",
    "null characters": "a\x00.b\x00.c",
    "not ASCII": "é.è.ê",
}
"""None of these lets anybody in anywhere."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "another document": signed(claims(documents={"other": "owner"})),
    "documents that begin alike": signed(claims(documents={"do": "owner", "doc2": "owner", "doc/": "owner"})),
    "another case": signed(claims(documents={"DOC": "owner"})),
    "no documents": signed(claims(documents={})),
}
"""These are valid, and for something else."""


@asynccontextmanager
async def guarded(serve: Serve) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """A server that takes tokens of one issuer, for one audience, with a document `doc`."""
    async with (
        serve(secret=SECRET, token_issuer=ISSUER, token_audience=AUDIENCE) as server,
        httpx.AsyncClient(base_url=f"http://{server.address}") as client,
    ):
        owner = {"Authorization": f"Bearer {signed(claims())}"}
        made = await client.post("/api/v1/documents", json={"name": "doc", "kind": "yjs"}, headers=owner)
        assert made.status_code == 201
        yield server, client


async def test_a_good_token_comes_in_at_every_door(serve: Serve) -> None:
    async with guarded(serve) as (server, client):
        answer = await client.get("/api/v1/documents/doc", headers={"Authorization": f"Bearer {signed(claims())}"})
        assert answer.status_code == 200
        async with y_websocket(server, token=signed(claims())):
            pass
        async with hocuspocus(server) as connection:
            await connection.authenticate(token=signed(claims()))
            await connection.until(LetIn)


def in_a_header(token: str) -> bytes:
    """Return what a client can send; a header holds no null characters, and nothing blank at its end."""
    return b"Bearer " + token.encode().replace(b"\x00", b"%00") if token else b"Bearer"


@pytest.mark.parametrize("tokens", [HOSTILE, ELSEWHERE], ids=["hostile", "elsewhere"])
async def test_rest_refuses_it(serve: Serve, tokens: Mapping[str, str]) -> None:
    expected = 401 if tokens is HOSTILE else 403
    async with guarded(serve) as (_, client):
        answers = {
            name: await client.get("/api/v1/documents/doc", headers={b"Authorization": in_a_header(token)})
            for name, token in tokens.items()
        }

    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert statuses == dict.fromkeys(tokens, expected)
    assert [name for name, answer in answers.items() if tokens[name] and tokens[name] in answer.text] == []


@pytest.mark.parametrize("tokens", [HOSTILE, ELSEWHERE], ids=["hostile", "elsewhere"])
async def test_y_websocket_door_refuses_it_at_the_upgrade(serve: Serve, tokens: Mapping[str, str]) -> None:
    statuses = {}
    async with guarded(serve) as (server, _):
        for name, token in tokens.items():
            with pytest.raises(InvalidStatus) as refused:
                async with y_websocket(server, token=quote(token)):
                    pass
            statuses[name] = refused.value.response.status_code
            body = (refused.value.response.body or b"").decode(errors="replace")
            assert not token or token not in body

    expected = 401 if tokens is HOSTILE else 403
    assert statuses == dict.fromkeys(tokens, expected)


@pytest.mark.parametrize("tokens", [HOSTILE, ELSEWHERE], ids=["hostile", "elsewhere"])
async def test_hocuspocus_door_denies_it(serve: Serve, tokens: Mapping[str, str]) -> None:
    async with guarded(serve) as (server, _):
        for name, token in tokens.items():
            async with hocuspocus(server) as connection:
                await connection.authenticate(token=token)
                denied = await connection.until(Denied)
                assert not token or token not in denied.reason, name
