"""What the identity provider publishes, fetched when it is needed, and kept for a while."""

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

import anyio
import structlog

from collab.errors import IdentityUnavailable

log = structlog.get_logger(__name__)

LIFETIME: Final = 300.0
"""After so many seconds it is fetched again: a key that the provider withdrew ends then."""

RENEWAL_INTERVAL: Final = 30.0
"""It is fetched anew for an unknown key once in so many seconds at most, however many tokens name one."""

RETRY_INTERVAL: Final = 5.0
"""A provider that did not answer is asked again after so many seconds, however many people wait."""

GRACE: Final = 3600.0
"""For so long what was fetched last serves while the provider cannot be asked."""

T = TypeVar("T")


class Kept(Generic[T]):
    """One thing that is fetched; of several who need it at once one fetches."""

    def __init__(self, what: str, fetch: Callable[[], Awaitable[T]], clock: Callable[[], float]) -> None:
        """Fetch by `fetch`, which raises `IdentityUnavailable`; `what` is for the log, the clock counts seconds."""
        self._what = what
        self._fetch = fetch
        self._clock = clock
        self._value: T | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetching = anyio.Lock()

    async def get(self) -> T:
        """Return it. Raises `IdentityUnavailable` while it cannot be had."""
        return await self._get(LIFETIME)

    async def renewed(self) -> T:
        """Return it as it is by now, unless it was asked for just before. Raises as `get`."""
        return await self._get(RENEWAL_INTERVAL)

    async def _get(self, lifetime: float) -> T:
        async with self._fetching:
            now = self._clock()
            if self._value is None or now - self._fetched_at > lifetime:
                await self._try(now)
            if self._value is None or self._clock() - self._fetched_at > GRACE:
                raise IdentityUnavailable(f"{self._what} cannot be had from the identity provider now; try again later")
            return self._value

    async def _try(self, now: float) -> None:
        if now - self._tried_at < RETRY_INTERVAL:
            return
        try:
            self._value = await self._fetch()
            self._fetched_at = self._clock()
        except IdentityUnavailable as error:
            log.warning("the identity provider does not answer as it should", wanted=self._what, error=str(error))
        finally:
            self._tried_at = self._clock()
