"""How many requests in a second the REST API takes from one address and from one user."""

import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from collab.access import address_of, counted_as
from collab.api.problems import problem_response
from collab.errors import RateExceeded
from collab.protocol.rate import Rate
from collab.settings import Settings

COUNTED: Final = "/api/"
"""The editor's files are not: a browser asks once for each that it does not get. Nor are probes, which come from one address."""

MOST: Final = 50_000
"""Addresses, or users, whose buckets are not full. Past it those that have been known longest, half of all, are given full ones again."""

_FIRST_SWEEP: Final = 1_000

_ROUNDING: Final = 1e-6
"""Seconds by which sums of fractions may be off."""


class Buckets:
    """A bucket for each of many; a full one takes up no memory, once there are many."""

    def __init__(self, rate: Rate, what: str, most: int = MOST) -> None:
        """Make it; `what` says whose they are, for the sentence of a refusal."""
        self._rate = rate
        self._what = what
        self._most = most
        self._full_at: dict[str, float] = {}
        self._sweep_at = _FIRST_SWEEP

    def __len__(self) -> int:
        """Return how many are known of."""
        return len(self._full_at)

    def take(self, name: str, now: float) -> None:
        """Count a request. Raises `RateExceeded` where there is no room for it, and counts none then."""
        full_at = self._rate.spend(self._full_at.get(name, 0.0), 1, now)
        debt = self._rate.debt(full_at, now)
        if debt > _ROUNDING:
            raise RateExceeded(
                f"{self._what} sends more than {self._rate.per_second:g} requests a second; expected one in {debt:.1f} s",
                wait=debt,
            )
        self._full_at[name] = full_at
        if len(self._full_at) > self._sweep_at:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) > self._most // 2:
            self._full_at = dict(list(self._full_at.items())[-(self._most // 2) :])
        self._sweep_at = min(max(_FIRST_SWEEP, 2 * len(self._full_at)), self._most)


class RequestRates:
    """What all have asked for lately."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Count by a clock in seconds."""
        rate = Rate(settings.requests_per_second, settings.request_burst)
        self._clock = clock
        self._of_addresses = Buckets(rate, "this address")
        self._of_users = Buckets(rate, "this user")

    def count_for_address(self, address: str | None) -> None:
        """Count a request for the address it comes from, unless that is this machine. Raises `RateExceeded`."""
        counted = counted_as(address)
        if counted is not None:
            self._of_addresses.take(counted, self._clock())

    def count_for_user(self, user_id: str) -> None:
        """Count a request for a user; guests have no id, and do not count. Raises `RateExceeded`."""
        if user_id:
            self._of_users.take(user_id, self._clock())


class LimitRate:
    """Answers 429 to an address that asks too often, before anything is done for it."""

    def __init__(self, app: ASGIApp, *, rates: RequestRates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "http" and scope["path"].startswith(COUNTED):
            try:
                self._rates.count_for_address(address_of(scope))
            except RateExceeded as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def rates_of(request: Request) -> RequestRates:
    """Return what `create_api` counts by."""
    rates: RequestRates = request.app.state.rates
    return rates
