"""Secrets that this server makes and clients show: random, told apart by how they begin, and kept as their hash."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

_BYTES: Final = 32
MAX_SECRET_LENGTH: Final = 128
"""Longer than any that was made; what is longer is not hashed."""

SESSION: Final = "cs_"
TICKET: Final = "ct_"
API_KEY: Final = "ck_"
LINK: Final = "cl_"
VISIT: Final = "cv_"


def make_secret(kind: str) -> str:
    """Return a new secret of 256 bits that begins with its kind, fit for URLs and cookies."""
    return kind + secrets.token_urlsafe(_BYTES)


def derived(secret: str, purpose: str) -> str:
    """Return another secret that follows from this one, and tells nothing of it, nor of those for other purposes."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode().rstrip("=")


def hash_of(secret: str) -> bytes | None:
    """Return what to keep of a secret, and to find it by; `None` for a text that is none."""
    if len(secret) > MAX_SECRET_LENGTH or not secret.isascii():
        return None
    return sha256(secret.encode()).digest()
