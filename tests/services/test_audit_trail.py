"""How often what is written into the audit log, by a clock of the test."""

import pytest

from collab.errors import DatabaseUnavailable
from collab.ports import Act, AuditAction
from collab.services import audit_trail
from collab.services.audit_trail import AuditTrail

pytestmark = pytest.mark.anyio


class Kept:
    """A log in memory."""

    def __init__(self) -> None:
        self.acts: list[Act] = []
        self.is_down = False

    async def add(self, act: Act) -> None:
        if self.is_down:
            raise DatabaseUnavailable("it is down")
        self.acts.append(act)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trail(kept: Kept, clock: Clock) -> AuditTrail:
    return AuditTrail(kept.add, clock)


def failed(address: str, email: str = "ada@example.org") -> Act:
    return Act(AuditAction.SIGN_IN_FAILED, "", address, subject=email)


async def test_one_address_writes_no_more_refusals_than_it_may_and_what_was_left_out_is_told(
    trail: AuditTrail, kept: Kept, clock: Clock
) -> None:
    for number in range(50):
        await trail.note(failed("192.0.2.1", f"{number}@example.org"))
    assert len(kept.acts) == 20

    await trail.note(failed("192.0.2.2"))
    assert kept.acts[-1].details == {"left_out": "30"}
    clock.now += 10
    await trail.note(failed("192.0.2.1"))
    assert (len(kept.acts), kept.acts[-1].details) == (22, {})


async def test_what_was_left_out_is_told_by_the_next_that_is_written_down(
    trail: AuditTrail, kept: Kept, clock: Clock
) -> None:
    for _ in range(100):
        await trail.note(failed("192.0.2.1"))
    clock.now += 10
    kept.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await trail.note(failed("192.0.2.1"))
    clock.now += 10
    kept.is_down = False
    await trail.note(failed("192.0.2.1"))

    assert (len(kept.acts), kept.acts[-1].details) == (21, {"left_out": "81"})


async def test_neighbours_in_a_network_of_ipv6_are_one_address(trail: AuditTrail, kept: Kept) -> None:
    for number in range(50):
        await trail.note(failed(f"2001:db8::{number:x}"))
    assert len(kept.acts) == 20


async def test_all_addresses_together_write_no_more_refusals_than_may_be(
    trail: AuditTrail, kept: Kept, clock: Clock
) -> None:
    for number in range(1500):
        await trail.note(failed(f"192.0.{number // 250}.{number % 250}"))
    assert len(kept.acts) == 1000
    clock.now += 1
    await trail.note(failed("198.51.100.1"))
    assert kept.acts[-1].details == {"left_out": "500"}


async def test_refusals_of_one_kind_hide_none_of_another(trail: AuditTrail, kept: Kept) -> None:
    for _ in range(50):
        await trail.note(Act(AuditAction.TICKET_REFUSED, "", "192.0.2.1"))
    await trail.note(failed("192.0.2.1"))

    assert kept.acts[-1] == failed("192.0.2.1")


async def test_what_was_not_written_down_is_tried_again(trail: AuditTrail, kept: Kept) -> None:
    read = Act(AuditAction.DOCUMENT_EXPORTED, "ada", "192.0.2.1", "plan")
    kept.is_down = True
    with pytest.raises(DatabaseUnavailable):
        await trail.note(read)
    kept.is_down = False
    await trail.note(read)

    assert kept.acts == [read]


async def test_what_programs_repeat_is_written_once_an_hour(trail: AuditTrail, kept: Kept, clock: Clock) -> None:
    def read(document: str) -> Act:
        return Act(AuditAction.DOCUMENT_EXPORTED, "key:1", "192.0.2.1", document, details={"format": "json"})

    for document in ("a", "b", "a", "b", "a"):
        await trail.note(read(document))
    assert [act.document for act in kept.acts] == ["a", "b"]
    clock.now += 3600
    await trail.note(read("a"))
    assert [act.document for act in kept.acts] == ["a", "b", "a"]
    assert kept.acts[-1].details == {"format": "json", "repeats": "2"}


async def test_the_same_refusal_for_another_reason_is_another_one(trail: AuditTrail, kept: Kept) -> None:
    def refused(reason: str) -> Act:
        return Act(AuditAction.CREDENTIALS_REFUSED, "", "192.0.2.1", details={"shown": "token", "reason": reason})

    for _ in range(3):
        for reason in ("expired", "signature"):
            await trail.note(refused(reason))
    assert kept.acts == [refused("expired"), refused("signature")]


async def test_what_is_for_admins_alone_is_noted_within_the_bounds_of_refusals(trail: AuditTrail, kept: Kept) -> None:
    for asked in [*map(str, range(50)), *map(str, range(50))]:
        await trail.note(Act(AuditAction.ADMIN_REFUSED, "ada", "192.0.2.1", details={"asked": asked}))
    assert [act.details["asked"] for act in kept.acts] == [str(number) for number in range(20)]


async def test_what_somebody_does_for_themselves_is_bounded_for_each_of_them(
    trail: AuditTrail, kept: Kept, clock: Clock
) -> None:
    def renamed(user: str, number: int, address: str = "192.0.2.1") -> Act:
        return Act(AuditAction.PROFILE_CHANGED, user, address, subject=user, details={"name": str(number)})

    for number in range(1000):
        await trail.note(renamed("eve", number))
    assert len(kept.acts) == 20
    for act in (Act(AuditAction.SIGN_OUT, "eve", "192.0.2.1"), renamed("eve", 0, "192.0.2.2")):
        await trail.note(act)
    assert [act.details for act in kept.acts[20:]] == [{}, {"name": "0", "left_out": "980"}]
    await trail.note(renamed("ada", 0))
    clock.now += 10
    await trail.note(renamed("eve", 7))
    assert kept.acts[22:] == [renamed("ada", 0), renamed("eve", 7)]


async def test_a_program_that_changes_its_address_within_its_network_repeats_itself(
    trail: AuditTrail, kept: Kept
) -> None:
    for number in range(50):
        await trail.note(Act(AuditAction.DOCUMENT_EXPORTED, "eve", f"2001:db8::{number:x}", "plan"))
    assert len(kept.acts) == 1


async def test_what_people_do_is_written_each_time(trail: AuditTrail, kept: Kept) -> None:
    for _ in range(300):
        await trail.note(Act(AuditAction.MEMBER_SET, "ada", "192.0.2.1", "plan", "bob"))
    assert len(kept.acts) == 300


async def test_memory_is_bounded(trail: AuditTrail, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_trail, "MOST_REMEMBERED", 2)
    for document in ("a", "b", "c", "a"):
        await trail.note(Act(AuditAction.LINK_OPENED, "", "192.0.2.1", document))
    assert [act.document for act in kept.acts] == ["a", "b", "c", "a"]
