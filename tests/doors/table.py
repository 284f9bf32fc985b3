"""Every door of the server, and the least role by which somebody gets through it. Whoever adds a door adds a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from collab.ports import Role


@dataclass(frozen=True)
class HttpDoor:
    """An endpoint that is about one document, and what to send it."""

    least: Role
    json: object = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tells_content: bool = False
    """Whether the answer has content of the document in it; then the audit log must have an entry of that."""


DOCUMENT: Final = "/api/v1/documents/{name}"
WORKSPACE: Final = "/api/v1/workspaces/{workspace}"
VERSION: Final = f"{DOCUMENT}/versions/{{version}}"

MEMBER: Final = f"{DOCUMENT}/members/{{user_id}}"
LINK: Final = f"{DOCUMENT}/links/{{link}}"

OF_A_DOCUMENT: Final[Mapping[str, HttpDoor]] = {
    f"GET {DOCUMENT}": HttpDoor(Role.READER),
    f"PATCH {DOCUMENT}": HttpDoor(Role.EDITOR, json={"title": "Plan"}),
    f"DELETE {DOCUMENT}": HttpDoor(Role.OWNER),
    f"POST {DOCUMENT}/restore": HttpDoor(Role.OWNER),
    f"GET {DOCUMENT}/content": HttpDoor(Role.READER, tells_content=True),
    f"POST {DOCUMENT}/content": HttpDoor(
        Role.EDITOR, content=b"\x00\x00", headers={"Content-Type": "application/octet-stream"}
    ),
    f"GET {DOCUMENT}/authorship": HttpDoor(Role.READER, tells_content=True),
    f"GET {DOCUMENT}/members": HttpDoor(Role.EDITOR),
    f"PUT {MEMBER}": HttpDoor(Role.OWNER, json={"role": "editor"}),
    f"DELETE {MEMBER}": HttpDoor(Role.OWNER),
    f"GET {DOCUMENT}/links": HttpDoor(Role.OWNER),
    f"POST {DOCUMENT}/links": HttpDoor(Role.OWNER, json={"role": "reader"}),
    f"DELETE {LINK}": HttpDoor(Role.OWNER),
    f"GET {DOCUMENT}/versions": HttpDoor(Role.READER),
    f"POST {DOCUMENT}/versions": HttpDoor(Role.EDITOR, json={"name": "Draft"}),
    f"GET {VERSION}": HttpDoor(Role.READER),
    f"PATCH {VERSION}": HttpDoor(Role.EDITOR, json={"name": "Draft"}),
    f"DELETE {VERSION}": HttpDoor(Role.OWNER),
    f"GET {VERSION}/content": HttpDoor(Role.READER, tells_content=True),
    f"GET {VERSION}/comparison": HttpDoor(Role.READER, tells_content=True),
    f"POST {VERSION}/restore": HttpDoor(Role.EDITOR),
}
"""Endpoints that are about the document in their path."""

OF_WHOEVER_CALLS: Final = frozenset(
    {
        "GET /api/v1/documents",
        "POST /api/v1/documents",
        "GET /api/v1/session",
        "GET /api/v1/workspaces",
        "GET /api/v1/keys",
        "POST /api/v1/keys",
        "DELETE /api/v1/keys/{key}",
    }
)
"""Endpoints that answer each with what is theirs."""

OF_ANYBODY: Final = frozenset(
    {
        "GET /",
        "GET /account",
        "GET /join",
        "GET /reset",
        "GET /share",
        "GET /admin",
        "GET /workspaces",
        "GET /d/{document:path}",
        "GET /assets/{path:path}",
        "GET /{path}",
        "GET /api/docs",
        "GET /api/openapi.json",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api/v1/sign-in",
        "POST /api/v1/session",
        "POST /api/v1/tickets",
        "POST /api/v1/accounts",
        "POST /api/v1/password-resets",
        "POST /api/v1/links/open",
        "GET /api/v1/oidc/start",
        "GET /api/v1/oidc/callback",
    }
)
"""Endpoints that tell nothing of any document, nor of anybody who has not shown a secret."""

OF_ACCOUNT_HOLDERS: Final[Mapping[str, object]] = {
    "GET /api/v1/account": None,
    "POST /api/v1/people": {"email": "user@example.org"},
    "PATCH /api/v1/account": {"name": "Ada"},
    "PUT /api/v1/account/password": {"current": "correct horse battery", "new": "correct horse staple"},
    "GET /api/v1/account/sessions": None,
    "DELETE /api/v1/account/sessions/{session}": None,
    "GET /api/v1/account/identities": None,
    "DELETE /api/v1/account/identities/{identity_id}": None,
    "DELETE /api/v1/session": None,
}
"""Endpoints for whoever has signed in, and what to send them."""

OF_ADMINS: Final[Mapping[str, object]] = {
    "GET /api/v1/users": None,
    "PATCH /api/v1/users/{user_id}": {},
    "POST /api/v1/users/{user_id}/reset": None,
    "POST /api/v1/invitations": {},
}
"""Endpoints about accounts for admins, and what to send them."""

OF_ADMINS_BY_TOKEN_TOO: Final[Mapping[str, object]] = {
    "GET /api/v1/audit": None,
    "POST /api/v1/workspaces": {"name": "another"},
    f"DELETE {WORKSPACE}": None,
}
"""Endpoints for admins, of servers without accounts as well, and what to send them."""

OF_A_WORKSPACE: Final[Mapping[str, HttpDoor]] = {
    f"GET {WORKSPACE}": HttpDoor(Role.READER),
    f"PATCH {WORKSPACE}": HttpDoor(Role.OWNER, json={"title": "Us"}),
    f"GET {WORKSPACE}/members": HttpDoor(Role.READER),
    f"PUT {WORKSPACE}/members/{{user_id}}": HttpDoor(Role.OWNER, json={"role": "editor"}),
    f"DELETE {WORKSPACE}/members/{{user_id}}": HttpDoor(Role.OWNER),
}
"""Endpoints that are about the workspace in their path, and the least role in it."""

OF_WEBSOCKETS: Final[Mapping[str, Mapping[str, Role]]] = {
    "collab.gateways.ywebsocket": {"read": Role.READER, "write": Role.EDITOR},
    "collab.gateways.hocuspocus": {"read": Role.READER, "write": Role.EDITOR},
}
"""What somebody may do by each WebSocket door."""
