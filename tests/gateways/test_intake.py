"""Sockets are read at once while little comes, and on a beat when much does; nothing is lost at either, and no end missed."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from structlog.testing import capture_logs

from collab.gateways.intake import CALM, LONGEST_BEAT, Intake, beat_for


class Line:
    """A socket that an intake reads, and its other end."""

    def __init__(self, intake: Intake) -> None:
        self.own, self.other = socket.socketpair()
        self.own.settimeout(0)
        self.heard: list[bytes] = []
        self.on_read: Callable[[], None] = lambda: None
        self.came = asyncio.Event()
        self._intake = intake
        intake.add(self.own.fileno(), self.read)

    def read(self) -> None:
        data = self.own.recv(100)
        self.heard.append(data)
        self.came.set()
        self.on_read()
        if not data:
            self.leave()

    async def hears(self, data: bytes) -> None:
        while b"".join(self.heard) != data:
            self.came.clear()
            await self.came.wait()

    def leave(self) -> None:
        self._intake.remove(self.own.fileno(), self.read)

    def close(self) -> None:
        self.leave()
        self.own.close()
        self.other.close()


@contextmanager
def lines(intake: Intake, count: int = 1) -> Iterator[list[Line]]:
    with ExitStack() as stack:
        made = [Line(intake) for _ in range(count)]
        for line in made:
            stack.callback(line.close)
        yield made


def fail() -> None:
    raise RuntimeError("a bug")


@pytest.fixture
async def intake() -> AsyncIterator[Intake]:
    async with Intake.opened() as opened:
        assert opened is not None
        yield opened


async def make_busy(intake: Intake) -> None:
    """Let so much come that it is read on a beat."""
    with lines(intake) as (line,):
        sent = b""
        while not intake.has_beat:
            line.other.send(b"x")
            sent += b"x"
            await line.hears(sent)


@pytest.mark.parametrize("rate", [0, CALM / 2, CALM])
def test_little_is_read_at_once(rate: float) -> None:
    assert beat_for(rate) == 0


def test_beat_grows_with_what_comes_and_has_an_end() -> None:
    beats = [beat_for(rate) for rate in (CALM + 1, CALM + 100, CALM + 200, 1e9)]

    assert beats == sorted(set(beats))
    assert 0 < beats[0] < beats[-1] == LONGEST_BEAT


async def test_what_comes_is_read(intake: Intake) -> None:
    with lines(intake, 3) as (first, second, third):
        first.other.send(b"one")
        third.other.send(b"three")

        await first.hears(b"one")
        await third.hears(b"three")

        assert second.heard == []


async def test_end_is_heard(intake: Intake) -> None:
    with lines(intake) as (line,):
        line.other.close()

        await line.came.wait()

        assert line.heard == [b""]


async def test_who_was_removed_hears_nothing_more(intake: Intake) -> None:
    with lines(intake, 2) as (first, second):
        first.leave()
        first.other.send(b"one")
        second.other.send(b"two")

        await second.hears(b"two")

        assert first.heard == []


async def test_who_is_removed_by_another_in_the_same_turn_hears_nothing(intake: Intake) -> None:
    with lines(intake, 3) as (first, second, last):
        first.on_read = second.leave
        second.on_read = first.leave
        for line in (first, second, last):
            line.other.send(b"x")

        await last.hears(b"x")

        assert len(first.heard) + len(second.heard) == 1


async def test_reader_that_fails_stops_nobody(intake: Intake) -> None:
    await make_busy(intake)
    with lines(intake, 2) as (broken, other), capture_logs() as logged:
        broken.on_read = fail
        broken.other.send(b"x")
        await broken.hears(b"x")
        other.other.send(b"one")
        await other.hears(b"one")

    assert [entry["event"] for entry in logged] == ["what a client sent was not read"]


async def test_descriptor_that_is_somebody_elses_by_now_stays_theirs(intake: Intake) -> None:
    with lines(intake, 2) as (line, successor):
        line.leave()
        successor.leave()
        intake.add(line.own.fileno(), successor.read)  # the number of one that was closed is given to the next
        successor.own.detach()

        line.leave()

        successor.own = socket.socket(fileno=os.dup(line.own.fileno()))
        line.other.send(b"mine")
        await successor.hears(b"mine")
        intake.remove(line.own.fileno(), successor.read)


async def test_much_is_read_on_a_beat_in_one_go(intake: Intake) -> None:
    with lines(intake, 3) as made:
        order: list[str] = []
        for line in made:
            line.on_read = lambda: order.append("read")
        while order != ["read", "read", "read", "turn"]:
            await make_busy(intake)
            order.clear()
            for line in made:
                line.other.send(b"x")
                await asyncio.sleep(0)  # read at once, each would come in a turn of its own
            while order.count("read") < len(made):
                await asyncio.sleep(0)
                if order and order[-1] == "read":
                    order.append("turn")


async def test_when_less_comes_it_is_read_at_once_again(intake: Intake) -> None:
    await make_busy(intake)

    while intake.has_beat:  # noqa: ASYNC110 - nobody is told
        await asyncio.sleep(LONGEST_BEAT)

    with lines(intake) as (line,):
        line.other.send(b"last")
        await line.hears(b"last")
