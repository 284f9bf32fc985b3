import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmarks.contenders import Contender, Server
from benchmarks.dialects import YWebsocketClient
from benchmarks.failures import RunFailed
from benchmarks.processes import Command
from benchmarks.rounds import Outcomes, Plan, Stand, side_by_side

LISTEN = (
    "import socket, sys\n"
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "while True: listener.accept()"
)


def listening(port: int, directory: Path) -> Command:
    return Command([sys.executable, "-c", LISTEN, str(port)])


def broken(port: int, directory: Path) -> Command:
    return Command([sys.executable, "-c", "print('no disk')"])


def contender(label: str, command: Callable[[int, Path], Command] = listening) -> Contender:
    return Contender(Server(label, lambda: "1", command), label, "", YWebsocketClient)


FIRST, SECOND, BROKEN = contender("first"), contender("second"), contender("broken", broken)


@dataclass(frozen=True)
class Port:
    """Where a trial found its server."""

    port: int
    generator_share: float = 0.0
    others_share: float = 0.0


async def look(stand: Stand) -> Port:
    async with stand.serving() as server:
        return Port(server.port)


def nobody(number: int, contender: Contender, outcome: Port | RunFailed) -> None:
    """Tell nobody."""


def ports(outcomes: Outcomes[Port], label: str) -> list[int]:
    return [outcome.port for outcome in outcomes[label] if isinstance(outcome, Port)]


async def test_every_contender_is_tried_once_in_each_round() -> None:
    seen: list[tuple[int, str]] = []
    plan = Plan((FIRST, SECOND), rounds=2, afresh=True)
    await side_by_side(plan, look, lambda number, contender, _: seen.append((number, contender.label)))
    assert seen == [(1, "first"), (1, "second"), (2, "first"), (2, "second")]


@pytest.mark.parametrize("afresh", [True, False])
async def test_servers_stay_up_unless_each_trial_gets_its_own(afresh: bool) -> None:
    outcomes = await side_by_side(Plan((FIRST,), rounds=2, afresh=afresh), look, nobody)
    assert (len(set(ports(outcomes, "first"))) == 1) is not afresh


async def test_server_of_a_failed_trial_is_replaced_and_the_others_are_not() -> None:
    tried: list[str] = []

    async def fail_once(stand: Stand) -> Port:
        async with stand.serving() as server:
            tried.append(stand.contender.label)
            if tried.count("first") == 2 and tried[-1] == "first":
                raise RunFailed("it was too slow")
            return Port(server.port)

    outcomes = await side_by_side(Plan((FIRST, SECOND), rounds=3, afresh=False), fail_once, nobody)
    assert len(set(ports(outcomes, "first"))) == 2
    assert len(set(ports(outcomes, "second"))) == 1
    assert [str(outcome) for outcome in outcomes["first"] if isinstance(outcome, RunFailed)] == ["it was too slow"]
    assert not [child for child in psutil.Process().children() if LISTEN in child.cmdline()]


@pytest.mark.parametrize("afresh", [True, False])
async def test_server_that_does_not_start_fails_its_own_runs_only(afresh: bool) -> None:
    outcomes = await side_by_side(Plan((BROKEN, FIRST), rounds=1, afresh=afresh), look, nobody)
    (failure,) = outcomes["broken"]
    assert "no disk" in str(failure)
    assert len(ports(outcomes, "first")) == 1


@pytest.mark.parametrize(("noisy", "counted"), [(False, 0), (True, 1)])
async def test_only_a_noisy_run_counts_on_a_busy_machine(noisy: bool, counted: int) -> None:
    async def disturbed(stand: Stand) -> Port:
        return Port(1, others_share=1_000.0)

    outcomes = await side_by_side(Plan((FIRST,), rounds=1, afresh=True, noisy=noisy), disturbed, nobody)
    assert len(ports(outcomes, "first")) == counted
