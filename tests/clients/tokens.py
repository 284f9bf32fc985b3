"""Access tokens, as an application's login makes them."""

import time
from typing import Final

import jwt

SECRET: Final = "a secret of at least thirty-two bytes"


def token(
    document: str, role: str = "editor", *, name: str = "Ada", expires_in: float = 3600, secret: str = SECRET
) -> str:
    """Sign a token that gives a role in one document."""
    claims = {"sub": name.lower(), "name": name, "exp": int(time.time() + expires_in), "documents": {document: role}}
    return jwt.encode(claims, secret, algorithm="HS256")
