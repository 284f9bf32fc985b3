"""The built editor: one page for every document, and the files it is made of.

The build writes `.br` and `.gz` files beside those worth it, and puts a hash of each file below `assets/` into its name.
"""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles

from collab.api.negotiation import accepted_codings
from collab.protocol.answer_headers import EDITOR_POLICY, POLICY

_PACKAGE: Final = Path(__file__).resolve().parent.parent
CANDIDATES: Final = (_PACKAGE / "_web", _PACKAGE.parent / "web" / "dist")
"""Where a build lies: in an installed wheel, or in a checkout."""

_PAGE: Final = "index.html"
_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
_SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}

_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Those that the system's own table may lack, or get wrong."""

_NOT_BUILT: Final = "The editor is not built yet: run `make build` and reload this page. The API is at /api/docs.\n"


def editor_directory(candidates: Sequence[Path] = CANDIDATES) -> Path | None:
    """Return the directory of the built editor, or `None` where there is none."""
    return next((directory for directory in candidates if (directory / _PAGE).is_file()), None)


def editor_router(candidates: Sequence[Path] = CANDIDATES) -> APIRouter:
    """Return the routes of the editor. A build that comes later is found when it is there."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    @router.get("/account")
    @router.get("/join")
    @router.get("/reset")
    @router.get("/share")
    @router.get("/admin")
    @router.get("/workspaces")
    @router.get("/d/{document:path}")
    async def page(request: Request) -> Response:
        directory = await anyio.to_thread.run_sync(editor_directory, candidates)
        if directory is None:
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers={"Cache-Control": "no-store"})
        headers = {"Cache-Control": _REVALIDATE, POLICY: EDITOR_POLICY}
        return await anyio.to_thread.run_sync(_file, directory, _PAGE, request.headers, headers)

    @router.get("/assets/{path:path}")
    async def asset(request: Request, path: str) -> Response:
        return await _file_of_build(f"assets/{path}", request.headers, _IMMUTABLE)

    @router.get("/{path}")
    async def other_file(request: Request, path: str) -> Response:
        return await _file_of_build(path, request.headers, _REVALIDATE)

    async def _file_of_build(path: str, request_headers: Headers, cache: str) -> Response:
        directory = await anyio.to_thread.run_sync(editor_directory, candidates)
        if directory is None or path.endswith(tuple(_SUFFIXES.values())):
            raise HTTPException(404, "there is no such file")
        return await anyio.to_thread.run_sync(_file, directory, path, request_headers, {"Cache-Control": cache})

    return router


def _file(directory: Path, path: str, request_headers: Headers, headers: dict[str, str]) -> Response:
    """Return a file in the form the client prefers. Raises 404 for what is no file, or none of this directory."""
    files = StaticFiles(directory=directory)
    media_type = _MEDIA_TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    for coding, candidate in _forms(path, request_headers):
        try:
            found, stat_result = files.lookup_path(candidate)
        except (ValueError, OSError):  # a name that no file system takes
            break
        if stat_result is None or not Path(found).is_file():
            continue
        response = FileResponse(
            found,
            stat_result=stat_result,
            media_type=media_type,
            headers={"Vary": "Accept-Encoding", **headers, **coding},
        )
        if files.is_not_modified(response.headers, request_headers):
            return NotModifiedResponse(response.headers)
        return response
    raise HTTPException(404, "there is no such file")


def _forms(path: str, request_headers: Headers) -> list[tuple[dict[str, str], str]]:
    codings = accepted_codings(request_headers.get("accept-encoding"), list(_SUFFIXES))
    return [({"Content-Encoding": coding}, path + _SUFFIXES[coding]) for coding in codings] + [({}, path)]
