"""What a share link's bearer shows at the doors: its secret, and where it has a password the proof of having known that."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final

from collab.ports import ShareLink

_SEPARATOR: Final = "~"


def secret_in(link_pass: str) -> str:
    """Return the link's secret out of what its bearer shows."""
    return link_pass.partition(_SEPARATOR)[0]


def pass_of(link: ShareLink) -> str:
    """Return what opens a link; it is good for as long as the link has this password."""
    return (
        link.secret
        if link.password_hash is None
        else f"{link.secret}{_SEPARATOR}{_proof(link.secret, link.password_hash)}"
    )


def opens(link: ShareLink, link_pass: str) -> bool:
    """Tell whether this opens the link, beyond having its secret."""
    return hmac.compare_digest(link_pass.encode(), pass_of(link).encode())


def _proof(secret: str, password_hash: str) -> str:
    digest = hmac.digest(password_hash.encode(), secret.encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
