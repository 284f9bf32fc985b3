"""The HTTP application: every endpoint, and what stands before them."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi import Depends, FastAPI, Response
from pydantic.json_schema import models_json_schema
from starlette.middleware.cors import CORSMiddleware

from collab.access import Pages
from collab.api.accounts import router as accounts_router
from collab.api.auditing import router as audit_router
from collab.api.authorship import router as authorship_router
from collab.api.bodies import LimitBodies
from collab.api.content import router as content_router
from collab.api.documents import router as documents_router
from collab.api.editor import CANDIDATES, editor_router
from collab.api.guards import AnswerFailures, AnswerHead, ProtectAnswers, RefuseForeignPages
from collab.api.keys import router as keys_router
from collab.api.links import router as links_router
from collab.api.members import router as members_router
from collab.api.oidc import router as oidc_router
from collab.api.paths import RouteByRawPath
from collab.api.probes import router as probes_router
from collab.api.problems import PROBLEM_MEDIA_TYPE, InvalidField, Problem, add_problem_handlers
from collab.api.rates import LimitRate, RequestRates
from collab.api.reference import router as reference_router
from collab.api.services import Services
from collab.api.session import router as session_router
from collab.api.signing_in import router as signing_in_router
from collab.api.users import router as users_router
from collab.api.versions import router as versions_router
from collab.api.workspaces import router as workspaces_router
from collab.settings import Settings

_DESCRIPTION: Final = """Documents that many people edit at once.

Send an access token as `Authorization: Bearer …`; in open mode none is needed. Times are in UTC (RFC 3339). Errors are problem details
(RFC 9457).

A document's name in a path is the whole rest of it, percent-encoded: `/api/v1/documents/team/notes` and `/api/v1/documents/team%2Fnotes`
are the document `team/notes`. An end such as `/content` or `/versions/7` is its own; reach a document whose name ends so by `%2F`."""

_SCHEMAS: Final = "#/components/schemas/{model}"
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "What went wrong.",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS.format(model=Problem.__name__)}}},
    }
}


CROSS_ORIGIN_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CROSS_ORIGIN_HEADERS: Final = ("Accept", "Authorization", "Content-Type")
"""What pages of the allowed origins may send. Their browser gets no leave to send the cookie of a session along: they bring a token."""


def never_stored(response: Response) -> None:
    """Keep caches from giving one caller's answer to another, or an old one."""
    response.headers["Cache-Control"] = "no-store"


class Api(FastAPI):
    """An application whose description knows the problems that every endpoint may answer with."""

    def openapi(self) -> dict[str, Any]:
        """Describe the API, as FastAPI does, with the schema of problems; no model of an endpoint refers to that."""
        described = super().openapi()
        _, problem = models_json_schema(
            [(Problem, "serialization"), (InvalidField, "serialization")], ref_template=_SCHEMAS
        )
        described["components"]["schemas"].update(problem["$defs"])
        return described


def create_api(services: Services, settings: Settings, *, editor_candidates: Sequence[Path] = CANDIDATES) -> FastAPI:
    """Return the application; the editor is served from the first of the directories that holds a build."""
    app = Api(
        title="Collab",
        version=version("collab"),
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_PROBLEMS,
    )
    app.state.services = services
    app.state.rates = RequestRates(settings)
    add_problem_handlers(app)
    for router in (
        documents_router,
        content_router,
        versions_router,
        authorship_router,
        members_router,
        session_router,
        signing_in_router,
        accounts_router,
        oidc_router,
        users_router,
        links_router,
        keys_router,
        workspaces_router,
        audit_router,
        probes_router,
    ):
        app.include_router(router, dependencies=[Depends(never_stored)])
    app.include_router(reference_router)
    app.include_router(editor_router(editor_candidates))
    # the one added last stands first
    app.add_middleware(RouteByRawPath)
    app.add_middleware(LimitRate, rates=app.state.rates)
    app.add_middleware(LimitBodies, settings=settings, pressure=services.pressure)
    app.add_middleware(RefuseForeignPages, pages=Pages(services.access.open, settings.origins))
    app.add_middleware(AnswerHead)
    app.add_middleware(AnswerFailures)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.origins),
            allow_methods=CROSS_ORIGIN_METHODS,
            allow_headers=CROSS_ORIGIN_HEADERS,
            expose_headers=("Retry-After",),
        )
    app.add_middleware(ProtectAnswers)
    return app
