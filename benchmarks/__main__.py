"""The command: ``python -m benchmarks fanout``, ``store``, ``durability``, or ``slowreader``."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Final, TypeVar

import uvloop

from benchmarks.contenders import Contender
from benchmarks.durability import durability_table
from benchmarks.durability import measure as measure_durability
from benchmarks.failures import RunFailed
from benchmarks.fanout import Outcome
from benchmarks.kills import KillPlan
from benchmarks.report import conditions, table, write_section
from benchmarks.rounds import clear_settings, fan_out
from benchmarks.slowreader import Outcome as SlowReaderOutcome
from benchmarks.slowreader import slow_reader, slow_reader_table
from benchmarks.store import histories, measure, store_table
from benchmarks.workload import SEED, Workload

_PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_INTERRUPTED: Final = 130
_LONGEST_SECONDS: Final = 600

Result = TypeVar("Result")


def main() -> int:
    """Run the benchmark that the command line names; return the exit status."""
    options = _parse()
    clear_settings()
    try:
        return _COMMANDS[options.command](options)
    except asyncio.CancelledError:
        print("interrupted; every server was stopped", file=sys.stderr)
        return _INTERRUPTED
    except RunFailed as failure:
        print(failure, file=sys.stderr)
        return 1


def _store(options: argparse.Namespace) -> int:
    text = store_table(uvloop.run(measure(histories(options.traces))))
    print(text)
    if not options.print_only:
        write_section(_PAGE, "store", text)
    return 0


def _fanout(options: argparse.Namespace) -> int:
    workload = Workload(seconds=options.seconds)
    outcomes = uvloop.run(_interruptible(fan_out(workload, options.rounds, _progress)))
    text = f"{conditions(workload, options.rounds, outcomes)}\n\n{table(outcomes)}"
    print(f"\n{text}")
    if not all(any(isinstance(outcome, Outcome) for outcome in runs) for runs in outcomes.values()):
        print("a server has no run that counts; the page is left as it was", file=sys.stderr)
        return 1
    if not options.print_only:
        write_section(_PAGE, "fanout", text)
    return 0


def _durability(options: argparse.Namespace) -> int:
    plan = KillPlan(options.kills, options.seconds, seed=options.seed)
    results = uvloop.run(_interruptible(measure_durability(plan, options.postgres, _say)))
    text = durability_table(results, plan)
    print(f"\n{text}")
    if not options.print_only:
        write_section(_PAGE, "durability", text)
    lost = sum(result.deaths.lost for result in results)
    if lost:
        print(f"{lost} acknowledged updates were lost", file=sys.stderr)
    return 1 if lost else 0


def _slow_reader(options: argparse.Namespace) -> int:
    outcomes = uvloop.run(_interruptible(slow_reader(options.rounds, _slow_reader_progress)))
    text = slow_reader_table(outcomes, options.rounds)
    print(f"\n{text}")
    if not options.print_only:
        write_section(_PAGE, "slowreader", text)
    return 0


_COMMANDS: Final = {"fanout": _fanout, "store": _store, "durability": _durability, "slowreader": _slow_reader}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fanout = commands.add_parser("fanout", help="one room, 20 writers with 10 keystrokes/s each, 100 readers")
    fanout.add_argument("--rounds", type=_rounds, default=3, help="how often each server is measured (3)")
    fanout.add_argument("--seconds", type=_seconds, default=10.0, help="how long each run is measured (10)")
    store = commands.add_parser(
        "store", help="a document of 259,778 edits: what it takes up, and how long it takes to open"
    )
    store.add_argument("--traces", type=Path, help="a directory with recorded histories (*.json.gz)")
    durability = commands.add_parser(
        "durability",
        help="`kill -9` at random moments while somebody types; and what commits and acknowledgements take",
    )
    durability.add_argument("--kills", type=_rounds, default=20, help="on each database (20)")
    durability.add_argument("--seconds", type=_seconds, default=4.0, help="the longest before a kill (4)")
    durability.add_argument("--seed", type=int, default=SEED, help="of the moments")
    durability.add_argument("--postgres", metavar="URL", help="a server on which a database can be made")
    slowreader = commands.add_parser("slowreader", help="one room, 20 MB in 20 s, and one of 50 readers reads nothing")
    slowreader.add_argument("--rounds", type=_rounds, default=1, help="how often each server is measured (1)")
    for command in (fanout, store, durability, slowreader):
        command.add_argument("--print-only", action="store_true", help=f"leave {_PAGE.name} as it is")
    return parser.parse_args()


def _rounds(text: str) -> int:
    if (rounds := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{rounds} came; expected 1 or more")
    return rounds


def _seconds(text: str) -> float:
    if not 1 <= (seconds := float(text)) <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{seconds:g} came; expected 1 to {_LONGEST_SECONDS}")
    return seconds


def _progress(number: int, contender: Contender, outcome: Outcome | RunFailed) -> None:
    if isinstance(outcome, RunFailed):
        print(f"round {number}  {contender.label:32} does not count: {outcome}", flush=True)
        return
    print(
        f"round {number}  {contender.label:32} {outcome.cpu_per_delivery * 1e6:6.2f} ms CPU per 1,000 deliveries"
        f"   p50 {outcome.p50 * 1e3:6.1f} ms   p99 {outcome.p99 * 1e3:6.1f} ms"
        f"   generator {outcome.generator_share:.0%}, others {outcome.others_share:.0%} of a core",
        flush=True,
    )


def _slow_reader_progress(
    number: int, contender: Contender, stuck: bool, outcome: SlowReaderOutcome | RunFailed
) -> None:
    title = f"round {number}  {contender.label:32} {'one stuck' if stuck else 'all read '}"
    if isinstance(outcome, RunFailed):
        _say(f"{title}  does not count: {outcome}")
        return
    back = outcome.back
    came_back = (
        ""
        if back is None
        else (
            f"   then {back.frames} frames, the largest {back.largest / 1e6:.2f} MB, complete after {back.seconds:.2f} s"
        )
    )
    _say(
        f"{title}  p99 {outcome.p99 * 1e3:7.1f} ms   memory +{outcome.growth / 1e6:.1f} MB, "
        f"+{outcome.growth_at_return / 1e6:.1f} MB at the end   generator {outcome.generator_share:.0%}, "
        f"others {outcome.others_share:.0%} of a core{came_back}"
    )


def _say(line: str) -> None:
    print(line, flush=True)


async def _interruptible(work: Coroutine[object, object, Result]) -> Result:
    """Measure; a signal cancels, so that every server is ended on the way out."""
    measuring = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, measuring.cancel)
    return await measuring


if __name__ == "__main__":
    sys.exit(main())
