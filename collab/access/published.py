"""Verification keys that an identity provider publishes as a JSON Web Key Set. Source: RFC 7517, section 5."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import anyio
import anyio.to_thread
import jwt
import structlog

from collab.access.token import VerificationKey
from collab.errors import Distrust, IdentityUnavailable, Unauthenticated

log = structlog.get_logger(__name__)

FETCH_TIMEOUT: Final = 5.0
LIFETIME: Final = 300.0
"""After so many seconds the set is fetched again: a key that the provider withdrew ends then."""

REFETCH_INTERVAL: Final = 30.0
"""The set is fetched once in so many seconds at most, however many tokens name an unknown key."""

RETRY_INTERVAL: Final = 5.0
"""A provider that did not answer is asked again after so many seconds, however many tokens wait."""

GRACE: Final = 3600.0
"""For so long the last set serves while the provider is away; then nobody is let in."""

_UNUSABLE: Final = (jwt.PyJWTError, OSError, ValueError, TypeError, AttributeError, RecursionError)
"""What an answer that is no key set makes of the parsers of JSON and of keys, beside what the network brings."""

Fetch = Callable[[], Mapping[str, jwt.PyJWK]]


class PublishedKeys:
    """The keys at one address, fetched in a thread, kept, and fetched again when they are old or a token names an unknown one."""

    algorithms = ("RS256", "ES256")

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._fetched_last = True
        self._fetching = anyio.Lock()

    async def key_for(self, key_id: str | None) -> VerificationKey:
        """Return the key of this id. Raises `Unauthenticated` for an unknown one, `IdentityUnavailable` while no keys can be had."""
        if key_id is None:
            raise Unauthenticated("the token's header has no `kid`; expected the id of a published key")
        await self._refresh_for(key_id)
        if self._clock() - self._fetched_at > GRACE:
            raise IdentityUnavailable("the keys that tokens are verified with cannot be fetched now; try again later")
        key = self._keys.get(key_id)
        if key is None:
            raise Unauthenticated("the token's `kid` names none of the published keys", Distrust.UNKNOWN_KEY)
        return key

    async def _refresh_for(self, key_id: str) -> None:
        if not self._should_fetch(key_id):
            return
        if self._fetching.locked() and self._serves(key_id):
            return  # somebody else fetches; a provider that is slow to fail must not hold up those whose key is known
        async with self._fetching:
            if not self._should_fetch(key_id):
                return
            try:
                self._keys = await anyio.to_thread.run_sync(self._fetch)
            except _UNUSABLE as error:
                log.warning("the key set could not be fetched", error=f"{type(error).__name__}: {error}")
                self._fetched_last = False
            else:
                self._fetched_last = True
                self._fetched_at = self._clock()
            finally:
                self._tried_at = self._clock()  # at its end, for those who waited meanwhile must not try again

    def _serves(self, key_id: str) -> bool:
        return key_id in self._keys and self._clock() - self._fetched_at <= GRACE

    def _should_fetch(self, key_id: str) -> bool:
        now = self._clock()
        if now - self._tried_at < (REFETCH_INTERVAL if self._fetched_last else RETRY_INTERVAL):
            return False
        return key_id not in self._keys or now - self._fetched_at > LIFETIME


def published_at(url: str) -> PublishedKeys:
    """Return the keys published at this address. Raises `jwt.PyJWKClientError` where it is no http or https URL."""
    client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_TIMEOUT)
    return PublishedKeys(partial(_fetch_keys, client))


def _fetch_keys(client: jwt.PyJWKClient) -> Mapping[str, jwt.PyJWK]:
    return {
        key.key_id: key
        for key in client.get_signing_keys()
        if key.key_id and key.algorithm_name in PublishedKeys.algorithms
    }
