"""A server that knows the provider: its settings, and what its admin reads."""

from typing import Any

from tests.oidc.browser import Browser
from tests.support.server import RunningServer

PASSWORD = "correct horse battery"
CLIENT_SECRET = "a secret: with/odd+characters%"


def environment(issuer: str, **more: str) -> dict[str, str]:
    return {
        "COLLAB_ACCOUNTS": "true",
        "COLLAB_OIDC_ISSUER": issuer,
        "COLLAB_OIDC_CLIENT_ID": "collab",
        "COLLAB_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "COLLAB_OIDC_NAME": "Example ID",
        **more,
    }


async def audited(server: RunningServer) -> list[dict[str, Any]]:
    async with Browser(server.url) as admin:
        await admin.sign_in_with_password("ada@example.org", PASSWORD)
        return list(reversed((await admin.client.get("/api/v1/audit")).json()["entries"]))
