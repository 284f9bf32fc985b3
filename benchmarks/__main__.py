"""The command: ``python -m benchmarks fanout``."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.contenders import Contender
from benchmarks.failures import RunFailed
from benchmarks.fanout import Outcome
from benchmarks.report import conditions, table, write_page
from benchmarks.rounds import Outcomes, clear_settings, fan_out
from benchmarks.workload import Workload

_PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_INTERRUPTED: Final = 130
_LONGEST_SECONDS: Final = 600


def main() -> int:
    """Run the benchmark that the command line names; return the exit status."""
    options = _parse()
    workload = Workload(seconds=options.seconds)
    clear_settings()
    try:
        outcomes = uvloop.run(_interruptible(workload, options.rounds))
    except asyncio.CancelledError:
        print("interrupted; every server was stopped", file=sys.stderr)
        return _INTERRUPTED
    except RunFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    text = f"{conditions(workload, options.rounds, outcomes)}\n\n{table(outcomes)}"
    print(f"\n{text}")
    if not all(any(isinstance(outcome, Outcome) for outcome in runs) for runs in outcomes.values()):
        print("a server has no run that counts; the page is left as it was", file=sys.stderr)
        return 1
    if not options.print_only:
        write_page(_PAGE, text)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fanout = commands.add_parser("fanout", help="one room, 20 writers with 10 keystrokes/s each, 100 readers")
    fanout.add_argument("--rounds", type=_rounds, default=3, help="how often each server is measured (3)")
    fanout.add_argument("--seconds", type=_seconds, default=10.0, help="how long each run is measured (10)")
    fanout.add_argument("--print-only", action="store_true", help=f"leave {_PAGE.name} as it is")
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


async def _interruptible(workload: Workload, rounds: int) -> Outcomes:
    """Measure; a signal cancels, so that every server is ended on the way out."""
    measuring = asyncio.ensure_future(fan_out(workload, rounds, _progress))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, measuring.cancel)
    return await measuring


if __name__ == "__main__":
    sys.exit(main())
