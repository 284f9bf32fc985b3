import inspect
from http import HTTPStatus

import httpx
import pytest

from collab import errors
from collab.api.problems import kind_of, problem_response

pytestmark = pytest.mark.anyio

ALL = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, errors.CollabError)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidName, 400),
        (errors.ProtocolError, 400),
        (errors.Unauthenticated, 401),
        (errors.Forbidden, 403),
        (errors.DocumentNotFound, 404),
        (errors.DocumentExists, 409),
        (errors.ContentError, 409),
        (errors.DocumentDeleted, 410),
        (errors.UpdateError, 422),
        (errors.LimitExceeded, 429),
        (errors.CorruptDocument, 500),
        (errors.SettingsError, 500),
        (errors.DatabaseUnavailable, 503),
        (errors.ServerBusy, 503),
        (errors.ServerDraining, 503),
    ],
)
async def test_an_error_has_its_status(error: type[errors.CollabError], status: int) -> None:
    assert problem_response(error("why")).status_code == status


@pytest.mark.parametrize("error", ALL)
async def test_every_error_is_some_problem(error: type[errors.CollabError]) -> None:
    assert isinstance(kind_of(error("why")).status, HTTPStatus)


@pytest.mark.parametrize("error", [errors.DatabaseUnavailable, errors.ServerDraining, errors.LimitExceeded])
async def test_what_may_help_later_says_when(error: type[errors.CollabError]) -> None:
    assert problem_response(error("why")).headers["Retry-After"] == "1"


@pytest.mark.parametrize("error", [errors.DatabaseUnavailable, errors.CorruptDocument, errors.SettingsError])
async def test_what_failed_inside_is_not_told(error: type[errors.CollabError]) -> None:
    assert b"postgres.internal" not in bytes(problem_response(error("postgres.internal refused")).body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api", 404),
        ("GET", "/nothing/at/all", 404),
        ("POST", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/documents/a", 405),
        ("DELETE", "/api/v1/documents", 405),
        ("PATCH", "/api/v1/session", 405),
    ],
)
async def test_an_unknown_route_is_a_problem_too(api: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await api.request(method, path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"] == HTTPStatus(status).phrase


async def test_a_wrong_method_is_told_the_right_ones(api: httpx.AsyncClient) -> None:
    assert (await api.request("PUT", "/api/v1/session")).headers["Allow"] == "GET"


async def test_a_problem_never_repeats_the_value(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/documents", json={"title": {"secret": "sesame"}})

    assert answer.status_code == 422
    assert "sesame" not in answer.text


@pytest.mark.parametrize("code", [0x0A, 0x7F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
async def test_a_title_is_one_line_in_one_direction(api: httpx.AsyncClient, code: int) -> None:
    answer = await api.post("/api/v1/documents", json={"title": f"a{chr(code)}b"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        f"title: has the character U+{code:04X}; expected one line of text",
    )


@pytest.mark.parametrize("title", ["שלום", "مرحبا", "a\u200fb", "👩\u200d💻"])
async def test_a_title_may_be_in_any_script(api: httpx.AsyncClient, title: str) -> None:
    assert (await api.post("/api/v1/documents", json={"title": title})).json()["title"] == title


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "the body: no JSON from character 2 on; expected JSON in UTF-8"),
        ('{"title": "ü" "x"}'.encode(), "the body: no JSON from character 15 on; expected JSON in UTF-8"),
        (b'{"title": ""}', "title: string should have at least 1 character"),
    ],
)
async def test_what_is_wrong_with_a_body_is_said_in_words(api: httpx.AsyncClient, body: bytes, detail: str) -> None:
    answer = await api.post("/api/v1/documents", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
