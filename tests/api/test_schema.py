"""Every endpoint, asked for whatever its description allows, and more: answers are as described, with rights and without any."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from unittest.mock import create_autospec

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from collab.api import Services, create_api
from collab.settings import Settings
from tests.gateways.clients import token_for
from tests.gateways.serving import SECRET
from tests.support.server import RunningServer

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

schemathesis.serializer.alias("application/vnd.yjs.update", "application/octet-stream")
schema = schemathesis.openapi.from_dict(create_api(create_autospec(Services, instance=True), Settings()).openapi())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with accounts that takes tokens, and has a document."""
    environment = {
        "COLLAB_SECRET": SECRET,
        "COLLAB_ACCOUNTS": "true",
        "COLLAB_REQUESTS_PER_SECOND": "100000",
        "COLLAB_REQUEST_BURST": "100000",
    }
    running = RunningServer.start(tmp_path_factory.mktemp("schema"), environment=environment)
    httpx.post(f"{running.url}/api/v1/documents", json={"name": "plan"}, headers=WHO["admin"]).raise_for_status()
    yield running
    running.kill()


WHO: Final[Mapping[str, Mapping[str, str]]] = {
    "nobody": {},
    "reader": {"Authorization": f"Bearer {token_for({'*': 'reader'})}"},
    "owner": {"Authorization": f"Bearer {token_for({'*': 'owner'})}"},
    "admin": {"Authorization": f"Bearer {token_for({}, user='boss', admin=True)}"},
}


@pytest.mark.parametrize("who", WHO)
@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case: Case[Any], server: RunningServer, who: str) -> None:
    answer = case.call(base_url=server.url, headers=dict(WHO[who]))
    if answer.status_code != HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:  # which the endpoint never heard of
        case.validate_response(answer, checks=CHECKS)
