"""What is written into the audit log, and how often: nobody can fill it, for what is in it stays there."""

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from collab.access import counted_as
from collab.ports import Act, AuditAction
from collab.protocol.rate import Rate

Value = TypeVar("Value")

REFUSALS: Final = frozenset(
    {
        AuditAction.SIGN_IN_FAILED,
        AuditAction.TICKET_REFUSED,
        AuditAction.LINK_REFUSED,
        AuditAction.CREDENTIALS_REFUSED,
        AuditAction.ADMIN_REFUSED,
    }
)
"""What strangers can do as well, or anybody who has come in."""

OWN: Final = frozenset(
    {
        AuditAction.SIGN_IN,
        AuditAction.SIGN_OUT,
        AuditAction.SESSION_ENDED,
        AuditAction.PROFILE_CHANGED,
        AuditAction.PASSWORD_CHANGED,
        AuditAction.LINK_OPENED,
        AuditAction.VERSION_RESTORED,
    }
)
"""What whoever has come in can do over and over, and gives nobody a right, takes none of others' away and deletes nothing."""

REPEATED: Final = frozenset(
    {
        AuditAction.DOCUMENT_EXPORTED,
        AuditAction.LINK_OPENED,
        AuditAction.CREDENTIALS_REFUSED,
        AuditAction.ADMIN_REFUSED,
    }
)
"""What programs do again and again: a backend that reads a document every second, a client whose token has expired."""

REPEATED_WITHIN: Final = 3600.0
"""Seconds in which the same one of these is written down once."""

RATE_OF_ADDRESS: Final = Rate(per_second=0.1, burst=20)
"""Of one kind of refusals by one address; of one kind of what people do for themselves by one user at one address."""

RATE: Final = Rate(per_second=10.0, burst=1000)
"""Of one kind of refusals by all addresses: whoever wants to hide somebody else's among theirs needs a hundred addresses."""

MOST_REMEMBERED: Final = 20_000
"""Acts, and addresses; past it those are forgotten that have been known longest."""

LEFT_OUT: Final = "left_out"
"""In the details of what is bounded: how many of its kind before it were not written down."""

REPEATS: Final = "repeats"
"""In the details of what is repeated: how often it was in the hours since it was written down last."""


def yes_or_no(fact: bool) -> str:
    """Return how details tell of a fact."""
    return "yes" if fact else "no"


def until(moment: datetime | None) -> str:
    """Return how details tell of an end."""
    return "never" if moment is None else moment.isoformat()


class AuditTrail:
    """Writes acts down."""

    def __init__(self, add: Callable[[Act], Awaitable[None]], clock: Callable[[], float]) -> None:
        """Write by `AuditLog.add`, and count by a clock in seconds."""
        self._add = add
        self._clock = clock
        self._noted: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        """When what is repeated was written down last, and how often it was since."""
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()
        self._left_out = Counter[AuditAction]()

    async def note(self, act: Act) -> None:
        """Write an act down, at this moment.

        One of those that are repeated is written down once an hour; a refusal as long as its address, and all together, have not been
        refused in the same way too often lately; what somebody does for themselves as long as they have not done it too often. The next
        that is written down says how many were not. Raises `DatabaseUnavailable`.
        """
        told = dict(act.details)
        same = (act.action, act.actor, _place(act), act.document, act.subject, *sorted(told.items()))
        if act.action in REPEATED:
            noted_at, repeats = self._noted.get(same, (-REPEATED_WITHIN, 0))
            if self._clock() - noted_at < REPEATED_WITHIN:
                self._noted[same] = noted_at, repeats + 1
                return
            if repeats:
                told[REPEATS] = str(repeats)
        left_out = 0
        if act.action in REFUSALS or act.action in OWN:
            if not self._has_room(act):
                self._left_out[act.action] += 1
                return
            if left_out := self._left_out.pop(act.action, 0):
                told[LEFT_OUT] = str(left_out)
        try:
            await self._add(replace(act, details=told))
        except BaseException:
            if act.action in REFUSALS:
                left_out += 1  # it has happened all the same
            self._left_out[act.action] += left_out
            raise
        if act.action in REPEATED:
            _remember(self._noted, same, (self._clock(), 0))

    def _has_room(self, act: Act) -> bool:
        """Count an act, where there is room for it."""
        now = self._clock()
        buckets: tuple[tuple[Hashable, Rate], ...] = (((act.action, act.actor, _place(act)), RATE_OF_ADDRESS),)
        if act.action in REFUSALS:
            buckets = (((act.action, _place(act)), RATE_OF_ADDRESS), (act.action, RATE))
        full_at = {key: rate.spend(self._full_at.get(key, 0.0), 1, now) for key, rate in buckets}
        if any(rate.debt(full_at[key], now) > 0 for key, rate in buckets):
            return False
        for key, moment in full_at.items():
            _remember(self._full_at, key, moment)
        return True


def _place(act: Act) -> str | None:
    """Return from where an act came: all addresses that one household or server has are one."""
    return counted_as(act.address) or act.address


def _remember(memory: OrderedDict[Hashable, Value], key: Hashable, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)
