"""How long whoever fails to sign in must wait."""

from collab.services.throttle import (
    FORGOTTEN_AFTER,
    LONGEST_DELAY,
    MOST_REMEMBERED,
    Subject,
    Throttle,
    subjects_of,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(throttle: Throttle, times: int, account: str = "ada", address: str = "10.0.0.1") -> float:
    for _ in range(times):
        throttle.failed(subjects_of(account, address))
    return throttle.delay(subjects_of(account, address))


def test_a_few_mistakes_cost_nothing_and_then_each_costs_twice_as_much() -> None:
    throttle = Throttle(Clock())

    assert fail(throttle, 4) == 0
    assert [fail(throttle, 1) for _ in range(5)] == [1, 2, 4, 8, 16]


def test_no_delay_is_longer_than_the_longest_and_all_pass() -> None:
    clock = Clock()
    throttle = Throttle(clock)

    assert fail(throttle, 2000) == LONGEST_DELAY
    clock.now += LONGEST_DELAY - 1
    assert throttle.delay(subjects_of("ada", "10.0.0.1")) == 1
    clock.now += 1
    assert throttle.delay(subjects_of("ada", "10.0.0.1")) == 0


def test_the_right_password_is_forgiven_at_its_address() -> None:
    throttle = Throttle(Clock())
    fail(throttle, 10)
    throttle.succeeded(subjects_of("ada", "10.0.0.1"))

    assert throttle.delay(subjects_of("ada", "10.0.0.1")) == 0


def test_a_stranger_keeps_nobody_out_who_comes_from_elsewhere() -> None:
    throttle = Throttle(Clock())

    assert fail(throttle, 60, address="10.6.6.6") > 0
    assert throttle.delay(subjects_of("ada", "10.0.0.1")) == 0


def test_one_address_that_guesses_at_many_accounts_is_slowed_down() -> None:
    throttle = Throttle(Clock())
    for number in range(50):
        assert fail(throttle, 1, account=f"user {number}") == 0 or number == 49

    assert throttle.delay(subjects_of("somebody else", "10.0.0.1")) == 1


def test_one_account_guessed_at_from_many_addresses_is_slowed_down() -> None:
    throttle = Throttle(Clock())
    for number in range(100):
        fail(throttle, 1, address=f"10.0.1.{number}")

    assert throttle.delay(subjects_of("ADA", "10.0.0.1")) == 1


def test_failures_are_forgotten_after_a_day() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    fail(throttle, 10)
    clock.now += FORGOTTEN_AFTER + 1

    assert fail(throttle, 4) == 0


def test_memory_is_bounded_and_the_latest_are_remembered() -> None:
    throttle = Throttle(Clock())
    throttle.failed([Subject("first", 1)])
    throttle.failed(Subject(f"guess {number}", 1) for number in range(MOST_REMEMBERED))

    assert throttle.delay([Subject("first", 1)]) == 0
    assert throttle.delay([Subject(f"guess {MOST_REMEMBERED - 1}", 1)]) == 1


def test_neighbours_in_a_network_of_ipv6_are_one_address() -> None:
    throttle = Throttle(Clock())
    for number in range(5):
        fail(throttle, 1, address=f"2001:db8::{number:x}")

    assert throttle.delay(subjects_of("ada", "2001:db8::ffff")) == 1
    assert throttle.delay(subjects_of("ada", "2001:db8:0:1::1")) == 0
