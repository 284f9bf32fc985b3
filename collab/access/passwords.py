"""Passwords, kept as argon2id. Source: RFC 9106, section 4; https://cheatsheetseries.owasp.org (password storage)."""

from functools import partial
from typing import Final

import anyio.to_thread
from anyio import CapacityLimiter
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from collab.errors import UnfitPassword

MEMORY_KIB: Final = 64 * 1024
PASSES: Final = 3
"""The RFC's second choice, in one lane: some 100 ms of one core, which leaves the others to those who write."""

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 1024
"""Characters. Longer than anybody's passphrase; hashing more would cost the server for nothing."""

_HASHER: Final = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5J3Mgc2FsdC4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""No password fits it. Whoever has none costs as much as whoever has one, and nobody learns by the time it takes who has an account."""


class Passwords:
    """Hashes and verifies, in one thread at a time: whoever tries many passwords waits for themselves, and memory is bounded."""

    def __init__(self) -> None:
        self._turn = CapacityLimiter(1)

    async def hash(self, password: str) -> str:
        """Return what to keep. Raises `UnfitPassword`."""
        check_fitness(password)
        return await anyio.to_thread.run_sync(_HASHER.hash, password, limiter=self._turn)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether the password is the one that was kept; `None` is nobody's, and takes as long."""
        if len(password) > MAX_LENGTH:
            return False
        return await anyio.to_thread.run_sync(partial(_verify, kept or NOBODYS, password), limiter=self._turn)


def is_dated(kept: str) -> bool:
    """Tell whether what was kept should be hashed anew, for it was so at another cost."""
    return _HASHER.check_needs_rehash(kept)


def check_fitness(password: str) -> None:
    """Raise `UnfitPassword` for one that is too short or too long; what it is made of is everybody's own business (NIST SP 800-63B)."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise UnfitPassword(
            f"a password of {len(password)} characters came; expected {MIN_LENGTH} to {MAX_LENGTH} of them"
        )


def _verify(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
