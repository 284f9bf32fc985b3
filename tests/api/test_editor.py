from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from collab.api.editor import editor_directory
from collab.settings import Settings
from tests.api.conftest import Serve

pytestmark = pytest.mark.anyio

PAGE = "<!doctype html><title>Collab</title>"
SCRIPT = "console.log('here')"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A built editor, beside a file that is none of its own."""
    directory = tmp_path / "web" / "dist"
    (directory / "assets").mkdir(parents=True)
    (directory / "index.html").write_text(PAGE)
    script = directory / "assets" / "index-abc123.js"
    script.write_text(SCRIPT)
    script.with_name("index-abc123.js.br").write_bytes(b"brotli bytes")
    script.with_name("index-abc123.js.gz").write_bytes(b"gzip bytes")
    (directory / "assets" / "font-1.woff2").write_bytes(b"font")
    (directory / "icon.svg").write_text("<svg/>")
    (tmp_path / "web" / "secret.txt").write_text("sesame")
    (directory / "assets" / "link.txt").symlink_to(tmp_path / "web" / "secret.txt")
    return directory


@pytest.fixture
async def web(serve: Serve, build: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(Settings(), editor=build) as running:
        running.client.headers.pop("Accept-Encoding")
        yield running.client


@pytest.mark.parametrize("path", ["/", "/d/notes", "/d/team/notes", "/d/100%25", "/d/%E2%82%AC"])
async def test_every_document_has_the_one_page(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_the_page_allows_no_script_but_its_own(web: httpx.AsyncClient) -> None:
    headers = (await web.get("/")).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert (policy["script-src"], policy["object-src"], policy["frame-ancestors"]) == ("'self'", "'none'", "'self'")
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


async def test_hashed_files_are_kept_for_a_year(web: httpx.AsyncClient) -> None:
    answer = await web.get("/assets/index-abc123.js")

    assert (answer.text, answer.headers["Content-Type"]) == (SCRIPT, "text/javascript; charset=utf-8")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_other_files_are_asked_for_again(web: httpx.AsyncClient) -> None:
    answer = await web.get("/icon.svg")

    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("image/svg+xml", "no-cache")


@pytest.mark.parametrize("path", ["/", "/icon.svg", "/assets/index-abc123.js"])
async def test_a_file_that_did_not_change_is_not_sent_again(web: httpx.AsyncClient, path: str) -> None:
    first = await web.get(path)

    again = await web.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip, br;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("GZIP", "gzip"),
        ("*", "br"),
        ("*;q=0.3, br;q=0", "gzip"),
        ("", None),
        ("identity", None),
        ("gzip;q=0, br;q=0", None),
        ("deflate, zstd", None),
        ("gzip;q=nonsense", None),
        ("identity;q=1, gzip;q=0.5", None),
    ],
)
async def test_a_file_is_sent_in_the_coding_the_client_prefers(
    web: httpx.AsyncClient, accept_encoding: str, coding: str | None
) -> None:
    request = web.stream("GET", "/assets/index-abc123.js", headers={"Accept-Encoding": accept_encoding})

    async with request as answer:
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers.get("Content-Encoding") == coding
    assert sent == {None: SCRIPT.encode(), "br": b"brotli bytes", "gzip": b"gzip bytes"}[coding]
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_each_coding_of_a_file_has_its_own_tag(web: httpx.AsyncClient) -> None:
    path = "/assets/index-abc123.js"
    tags = set()
    for accept_encoding in ("identity", "gzip", "br"):
        async with web.stream("HEAD", path, headers={"Accept-Encoding": accept_encoding}) as answer:
            tags.add(answer.headers["ETag"])

    assert len(tags) == 3


async def test_a_file_without_a_compressed_form_is_sent_as_it_is(web: httpx.AsyncClient) -> None:
    answer = await web.get("/assets/font-1.woff2", headers={"Accept-Encoding": "br"})

    assert (answer.content, answer.headers["Content-Type"]) == (b"font", "font/woff2")


@pytest.mark.parametrize("path", ["/", "/d/a", "/assets/index-abc123.js"])
async def test_head_answers_as_get_does_without_the_body(web: httpx.AsyncClient, path: str) -> None:
    head, get = await web.head(path), await web.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/assets/",
        "/assets",
        "/none.txt",
        "/assets/..%2F..%2Fsecret.txt",
        "/assets/%2E%2E/%2E%2E/secret.txt",
        "/..%2Fsecret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/link.txt",
        "/assets/..%5C..%5Csecret.txt",
        "/assets/a%00b",
        "/assets/" + "x" * 300,
        "/assets/index-abc123.js.br",
    ],
)
async def test_nothing_but_the_files_of_the_build_is_served(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_without_a_build_the_page_says_what_to_run(serve: Serve) -> None:
    async with serve(Settings()) as running:
        answer = await running.client.get("/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert "make build" in answer.text


async def test_a_build_that_comes_later_is_found(serve: Serve, tmp_path: Path) -> None:
    directory = tmp_path / "dist"
    async with serve(Settings(), editor=directory) as running:
        before = await running.client.get("/d/a")
        directory.mkdir()
        (directory / "index.html").write_text(PAGE)
        after = await running.client.get("/d/a")

    assert (before.status_code, after.text) == (503, PAGE)


def test_the_first_directory_with_a_page_is_the_editors(tmp_path: Path, build: Path) -> None:
    assert editor_directory((tmp_path / "none", tmp_path, build)) == build
    assert editor_directory((tmp_path / "none",)) is None
