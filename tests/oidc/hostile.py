"""An OpenID provider on a free port of loopback that misbehaves as it is told to, by `POST /behave` with a JSON object.

`claims` are laid over those of its ID tokens (`null` takes one away), `userinfo` and `discovery` over those documents; `sign` is how tokens
are signed; `answer` has, for a path, what to answer instead: `hang`, `large`, `compressed`, `garbage`, `list`, `error` or `redirect`.
`rotate` has it sign by another key from then on, and publish that alone.
"""

import gzip
import hmac
import json
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

CLIENT = "collab"


def rsa_key(key_id: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": key_id, "use": "sig"})


class Provider:
    """What it is told to do, and what it has been asked for."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys: dict[str, Key] = {}
        self.reset({})

    def reset(self, behaviour: dict[str, Any]) -> None:
        self.behaviour = behaviour
        self.asked: list[str] = []
        self.nonces: dict[str, str] = {}
        if behaviour.get("rotate") or not self.keys:
            self.keys = {
                "rsa": rsa_key(f"rsa-{time.time_ns()}"),
                "ec": ECKey.generate_key("P-256", {"kid": f"ec-{time.time_ns()}", "use": "sig"}),
                "foreign": rsa_key("foreign"),
            }

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.behaviour.get("discovery", {}),
        }

    def published(self) -> dict[str, Any]:
        post_quantum = {"kty": "AKP", "alg": "ML-DSA-44", "kid": "unknown kind", "pub": "AA"}
        return {"keys": [post_quantum, *(self.keys[name].as_dict(private=False) for name in ("rsa", "ec"))]}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "ada",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "email": "ada@example.org",
            "email_verified": True,
            "name": "Ada",
        }
        for name, value in self.behaviour.get("claims", {}).items():
            claims[name] = now + value["from now"] if isinstance(value, dict) else value
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.signed(claims)

    def signed(self, claims: dict[str, Any]) -> str:
        how = self.behaviour.get("sign", "RS256")
        rsa, ec, foreign = (self.keys[name] for name in ("rsa", "ec", "foreign"))
        forged: dict[str, Callable[[], str]] = {
            "none": lambda: unsigned({"alg": "none"}, claims),
            "nOnE": lambda: unsigned({"alg": "nOnE", "kid": rsa.kid}, claims),
            "unsigned RS256": lambda: unsigned({"alg": "RS256", "kid": rsa.kid}, claims),
            "HS256 by the public key": lambda: by_secret(claims, rsa.kid, self.public_key()),
            "HS256 by the client's secret": lambda: by_secret(claims, rsa.kid, b"s" * 32),
            "garbage": lambda: "a.b.c",
            "changed": lambda: changed(jwt.encode({"alg": "RS256", "kid": rsa.kid}, claims, rsa), claims),
        }
        if how in forged:
            return forged[how]()
        honest: dict[str, tuple[dict[str, Any], Key]] = {
            "another key": ({"alg": "RS256", "kid": rsa.kid}, foreign),
            "an unknown key": ({"alg": "RS256", "kid": "foreign"}, foreign),
            "a key in the header": ({"alg": "RS256", "jwk": foreign.as_dict(private=False)}, foreign),
            "RS512": ({"alg": "RS512", "kid": rsa.kid}, rsa),
            "PS256": ({"alg": "PS256", "kid": rsa.kid}, rsa),
            "no kid": ({"alg": "RS256"}, rsa),
            "ES256": ({"alg": "ES256", "kid": ec.kid}, ec),
            "RS256": ({"alg": "RS256", "kid": rsa.kid}, rsa),
        }
        header, key = honest[how]
        return jwt.encode(header, claims, key, [header["alg"]])

    def public_key(self) -> bytes:
        """Return what somebody may take for a shared secret: everybody knows it."""
        rsa = self.keys["rsa"]
        assert isinstance(rsa, RSAKey)
        return rsa.as_pem(private=False)


def by_secret(claims: dict[str, Any], key_id: str | None, secret: bytes) -> str:
    signed = f"{encoded({'alg': 'HS256', 'kid': key_id})}.{encoded(claims)}"
    return f"{signed}.{urlsafe_b64encode(hmac.digest(secret, signed.encode(), 'sha256')).decode().rstrip('=')}"


def changed(token: str, claims: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encoded({**claims, 'sub': 'bob'})}.{signature}"


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{encoded(header)}.{encoded(claims)}."


PROVIDER = Provider()
STOPPED = threading.Event()


class Door(BaseHTTPRequestHandler):
    """One request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/asked":
            self.answer(PROVIDER.asked)
        elif not self.misbehaves(path):
            match path:
                case "/.well-known/openid-configuration":
                    self.answer(PROVIDER.discovery())
                case "/jwks":
                    self.answer(PROVIDER.published())
                case "/userinfo":
                    self.answer({"sub": "ada", **PROVIDER.behaviour.get("userinfo", {})})
                case "/authorize":
                    code = f"code-{len(PROVIDER.nonces)}"
                    PROVIDER.nonces[code] = query["nonce"][0]
                    response = {"code": code, "state": query["state"][0]} | PROVIDER.behaviour.get("response", {})
                    self.redirect(f"{query['redirect_uri'][0]}?{urlencode(response)}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/behave":
            PROVIDER.reset(json.loads(body))
            self.answer({})
        elif not self.misbehaves(self.path):
            nonce = PROVIDER.nonces[parse_qs(body)["code"][0]]
            tokens: dict[str, Any] = {
                "access_token": "access",
                "token_type": "Bearer",
                "id_token": PROVIDER.id_token(nonce),
            }
            tokens |= PROVIDER.behaviour.get("tokens", {})
            self.answer({name: value for name, value in tokens.items() if value is not None})

    def misbehaves(self, path: str) -> bool:
        PROVIDER.asked.append(path)
        match PROVIDER.behaviour.get("answer", {}).get(path):
            case "hang":
                STOPPED.wait(60)
            case "large":
                self.send(200, {"Content-Type": "application/json"}, b'{"a": "' + b"a" * 10_000_000 + b'"}')
            case "compressed":
                bomb = gzip.compress(b'{"a": "' + b"a" * 10_000_000 + b'"}')
                self.send(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, bomb)
            case "garbage":
                self.send(200, {"Content-Type": "application/json"}, b"<html>\xff")
            case "list":
                self.answer([1])
            case "deep":
                self.send(200, {"Content-Type": "application/json"}, b"[" * 400_000)
            case "error":
                self.send(500, {}, b"")
            case "redirect":
                self.redirect(f"{PROVIDER.issuer}/elsewhere")
            case _:
                return False
        return True

    def answer(self, value: object) -> None:
        self.send(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def redirect(self, address: str) -> None:
        self.send(302, {"Location": address}, b"")

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the other end has read enough


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    PROVIDER.issuer = f"http://localhost:{server.server_port}"
    sys.stdout.write(f"provides {PROVIDER.issuer}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
