"""What the identity provider publishes is kept, renewed and done without by a clock."""

import anyio
import anyio.lowlevel
import pytest

from collab.access.oidc.kept import GRACE, LIFETIME, RENEWAL_INTERVAL, RETRY_INTERVAL, Kept
from collab.errors import IdentityUnavailable

pytestmark = pytest.mark.anyio


class Published:
    """Something that has another number each time it is fetched, from a provider that may be away."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fetched = 0
        self.away = False
        self.kept = Kept("it", self._fetch, lambda: self.now)

    async def _fetch(self) -> int:
        self.fetched += 1
        await anyio.lowlevel.checkpoint()
        if self.away:
            raise IdentityUnavailable("nobody answers")
        return self.fetched


async def test_it_is_kept_for_its_lifetime() -> None:
    published = Published()
    assert await published.kept.get() == 1
    published.now += LIFETIME
    assert await published.kept.get() == 1
    published.now += 1
    assert await published.kept.get() == 2


async def test_it_is_renewed_once_in_an_interval() -> None:
    published = Published()
    assert await published.kept.renewed() == 1
    published.now += RENEWAL_INTERVAL
    assert await published.kept.renewed() == 1
    published.now += 1
    assert await published.kept.renewed() == 2
    assert await published.kept.renewed() == 2


async def test_of_several_that_need_it_one_fetches() -> None:
    published = Published()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(published.kept.get)

    assert published.fetched == 1


async def test_of_several_that_need_it_in_vain_one_asks() -> None:
    published = Published()
    published.away = True
    refused = 0

    async def need() -> None:
        nonlocal refused
        try:
            await published.kept.get()
        except IdentityUnavailable:
            refused += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(need)
    assert (published.fetched, refused) == (1, 5)

    published.away = False
    published.now += RETRY_INTERVAL
    assert await published.kept.get() == 2


async def test_while_the_provider_is_away_what_was_fetched_last_serves_for_a_while() -> None:
    published = Published()
    await published.kept.get()
    published.away = True
    published.now += GRACE
    assert await published.kept.get() == 1
    published.now += RETRY_INTERVAL
    with pytest.raises(IdentityUnavailable, match="try again later"):
        await published.kept.get()
