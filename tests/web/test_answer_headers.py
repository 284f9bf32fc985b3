"""The headers that keep browsers from misusing an answer, on every answer of every endpoint."""

from collections.abc import Mapping
from typing import Final
from unittest.mock import create_autospec

import httpx
import pytest

from collab.api import Services, create_api
from collab.api.guards import RefuseForeignPages
from collab.protocol.answer_headers import DATA_POLICY, EDITOR_POLICY
from collab.settings import Settings
from tests.doors.test_roles import UPGRADE, endpoints
from tests.gateways.clients import token_for
from tests.gateways.serving import SECRET, Serve

ENDPOINTS: Final = sorted(endpoints(create_api(create_autospec(Services, instance=True), Settings()).routes))
PAGES: Final = frozenset({"/", "/account", "/admin", "/join", "/reset", "/share", "/workspaces", "/d/{document:path}"})
ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def assert_protected(headers: Mapping[str, str]) -> None:
    assert {name: headers.get(name) for name in ALWAYS} == ALWAYS
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers  # the server has no TLS here


async def test_every_answer_of_every_endpoint_is_protected(serve: Serve) -> None:
    async with serve(secret=SECRET) as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        for endpoint in ENDPOINTS:
            method, template = endpoint.split()
            path = (
                template.replace("{document:path}", "a").replace("{path:path}", "a").replace("{", "").replace("}", "")
            )
            for token in (None, token_for({"*": "owner"})):
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                answer = await client.request(method, path, headers=headers)

                assert_protected(answer.headers)
                policy = answer.headers["content-security-policy"]
                if template in PAGES and answer.is_success:
                    assert policy == EDITOR_POLICY
                elif template == "/api/docs":
                    assert policy.startswith("default-src 'none'; style-src 'sha256-")
                else:
                    assert policy == DATA_POLICY


@pytest.mark.parametrize("path", ["/nothing/here", "/api/v1/nothing", "/assets/nothing.js", "/d/..%2f..%2fetc"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "BREW"])
async def test_answers_to_what_is_not_there_are_protected(serve: Serve, method: str, path: str) -> None:
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        assert_protected((await client.request(method, path)).headers)


async def test_refused_pages_hosts_and_upgrades_are_protected(serve: Serve) -> None:
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        evil = {"Origin": "https://evil.org"}
        answers = [
            await client.post("/api/v1/documents", json={}, headers=evil),
            await client.get("/api/v1/documents", headers={"Host": "evil.org"}),
            await client.get("/sync/a", headers={**UPGRADE, **evil}),
            await client.get("/hocuspocus", headers={**UPGRADE, **evil}),
        ]

    for answer in answers:
        assert answer.status_code == 403
        assert_protected(answer.headers)


async def test_what_nobody_expected_is_answered_protected(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(RefuseForeignPages, "__call__", fail)
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        answer = await client.get("/api/v1/documents")

    assert answer.status_code == 500
    assert_protected(answer.headers)


@pytest.mark.parametrize("policy", [EDITOR_POLICY, DATA_POLICY])
def test_no_policy_lets_a_script_run_that_is_not_the_servers(policy: str) -> None:
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))

    assert directives["default-src"] == "'none'"
    assert directives.get("script-src", "'none'") in ("'self'", "'none'")
    assert directives["base-uri"] == "'none'"
    assert "unsafe-eval" not in policy


async def test_a_page_that_a_browser_has_already_keeps_its_own_policy(serve: Serve) -> None:
    async with serve() as server, httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        page = await client.get("/")
        again = await client.get("/", headers={"If-None-Match": page.headers["ETag"]})

    assert page.headers["content-security-policy"] == EDITOR_POLICY
    assert again.status_code == 304
    assert again.headers.get("content-security-policy", EDITOR_POLICY) == EDITOR_POLICY
