"""The command: ``python -m benchmarks NAME``: a comparison, or `store`, `durability`, `lag`, `revocation`, `signins` or `growth`."""

import argparse
import asyncio
import logging
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import uvloop

from benchmarks.comparisons import COMPARISONS, Benchmark
from benchmarks.durability import durability_table
from benchmarks.durability import measure as measure_durability
from benchmarks.failures import OptionUnusable, RunFailed
from benchmarks.growth import GROWTH
from benchmarks.kills import KillPlan
from benchmarks.lag import lag, lag_table
from benchmarks.measured import Measured
from benchmarks.report import write_section
from benchmarks.revocation import revocation_table, revocations
from benchmarks.rounds import clear_settings
from benchmarks.signins import sign_ins, sign_ins_table
from benchmarks.store import histories, measure, store_table
from benchmarks.targets import TARGETS, write_targets
from benchmarks.workload import SEED

_DOCS: Final = Path(__file__).parent.parent / "docs"
_PAGE: Final = _DOCS / "benchmarks.md"
_GROWTH_PAGE: Final = _DOCS / "scaling.md"
_INTERRUPTED: Final = 130
_UNUSABLE: Final = 2
_LONGEST_SECONDS: Final = 600

Result = TypeVar("Result")


def main() -> int:
    """Run the benchmark that the command line names; return the exit status."""
    options = _parse()
    clear_settings()
    _allow_many_files()
    logging.getLogger("picows").setLevel(logging.ERROR)  # it warns of every large message that goes out in pieces
    try:
        status: int = options.run(options)
    except asyncio.CancelledError:
        print("interrupted; every server was stopped", file=sys.stderr)
        return _INTERRUPTED
    except RunFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except OptionUnusable as complaint:
        print(complaint, file=sys.stderr)
        return _UNUSABLE
    return status


def _compare(name: str, benchmark: Benchmark, options: argparse.Namespace) -> int:
    options.print_only |= options.rounds < benchmark.rounds
    measuring = partial(benchmark.measure, options.rounds, options.seconds, _say, noisy=options.noisy)
    return _measure(measuring, _PAGE, name, benchmark.title, options)


def _grow(options: argparse.Namespace) -> int:
    names = GROWTH if options.name is None else [options.name]
    return max(
        _measure(
            partial(GROWTH[name].measure, _say, noisy=options.noisy), _GROWTH_PAGE, name, GROWTH[name].title, options
        )
        for name in names
    )


def _measure(
    measuring: Callable[[], Coroutine[object, object, Measured]],
    page: Path,
    name: str,
    title: str,
    options: argparse.Namespace,
) -> int:
    """Measure, and write a section of the page where that is wanted and all of it counts; return the exit status."""
    print_only = options.print_only or options.noisy
    measured = uvloop.run(_interruptible(measuring()))
    print(f"\n{measured.text}")
    if not measured.is_complete:
        print("not every run of ours counts, or of none of the others, so no page is written", file=sys.stderr)
        if not options.noisy:
            print("--noisy counts runs though the machine is busy, and prints only", file=sys.stderr)
        return 1
    if not print_only:
        write_section(page, name, title, measured.text, measured.chart)
        if name in TARGETS and page == _PAGE:
            write_targets(page)
    return 0


def _store(options: argparse.Namespace) -> int:
    text = store_table(uvloop.run(_interruptible(measure(histories(options.traces)))))
    _publish(options, "One document: 259,778 edits in a database", text)
    return 0


def _durability(options: argparse.Namespace) -> int:
    plan = KillPlan(options.kills, options.seconds, seed=options.seed)
    results = uvloop.run(_interruptible(measure_durability(plan, options.postgres, _say)))
    _publish(options, "Killed while people type", durability_table(results, plan))
    lost = sum(result.deaths.lost for result in results)
    if lost:
        print(f"{lost} acknowledged updates were lost", file=sys.stderr)
    return 1 if lost else 0


def _lag(options: argparse.Namespace) -> int:
    text = lag_table(uvloop.run(_interruptible(lag(_say))))
    _publish(options, "Somebody types beside a heavy document", text)
    return 0


def _revocation(options: argparse.Namespace) -> int:
    text = revocation_table(uvloop.run(_interruptible(revocations(_say))))
    _publish(options, "A right is taken away", text)
    return 0


def _sign_ins(options: argparse.Namespace) -> int:
    text = sign_ins_table(uvloop.run(_interruptible(sign_ins(_say))))
    _publish(options, "A crowd signs in", text)
    return 0


def _publish(options: argparse.Namespace, title: str, text: str) -> None:
    print(f"\n{text}")
    if not options.print_only:
        write_section(_PAGE, options.command, title, text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, benchmark in COMPARISONS.items():
        command = commands.add_parser(name, help=benchmark.title)
        command.set_defaults(run=partial(_compare, name, benchmark), print_only=not benchmark.on_page)
        _add_rounds(command, benchmark.rounds)
        command.set_defaults(seconds=benchmark.seconds)
        if benchmark.seconds is not None:
            command.add_argument(
                "--seconds", type=_seconds, help=f"how long each run is measured ({benchmark.seconds:g})"
            )
        _add_noisy(command)
        command.set_defaults(noisy=not benchmark.on_page)
    _add_others(commands)
    for command in commands.choices.values():
        command.add_argument("--print-only", action="store_true", help="leave the page in docs/ as it is")
    return parser.parse_args()


def _add_others(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    store = commands.add_parser(
        "store", help="a document of 259,778 edits: what it takes up, and how long it takes to open it"
    )
    store.add_argument("--traces", type=_traces, help="a directory with recorded histories (*.json.gz)")
    store.set_defaults(run=_store)
    durability = commands.add_parser(
        "durability",
        help="`kill -9` at random moments while somebody types; and what commits and acknowledgements take",
    )
    durability.add_argument("--kills", type=_rounds, default=50, help="on each database (50)")
    durability.add_argument("--seconds", type=_seconds, default=8.0, help="the longest before a kill (8)")
    durability.add_argument("--seed", type=int, default=SEED, help="of the moments")
    durability.add_argument("--postgres", metavar="URL", help="a server on which a database can be made")
    durability.set_defaults(run=_durability)
    commands.add_parser(
        "lag", help="somebody types while others open, read and write documents of 0.3, 5 and 20 MB"
    ).set_defaults(run=_lag)
    commands.add_parser("revocation", help="a thousand guests lose the link by which they came").set_defaults(
        run=_revocation
    )
    commands.add_parser("signins", help="a crowd signs in while somebody types").set_defaults(run=_sign_ins)
    growth = commands.add_parser("growth", help="how cost grows with readers, rooms, sizes and edits; ours alone")
    growth.add_argument("name", nargs="?", choices=GROWTH, help="one of them; all where none is named")
    _add_noisy(growth)
    growth.set_defaults(run=_grow)


def _add_noisy(command: argparse.ArgumentParser) -> None:
    command.add_argument("--noisy", action="store_true", help="count runs though the machine is busy; prints only")


def _add_rounds(command: argparse.ArgumentParser, default: int) -> None:
    command.add_argument(
        "--rounds",
        type=_rounds,
        default=default,
        help=f"how often each server is measured ({default}); fewer print only",
    )


def _traces(text: str) -> Path:
    directory = Path(text)
    if not any(directory.glob("*.json.gz")):
        kind = "a directory without recorded histories" if directory.is_dir() else "no directory"
        raise argparse.ArgumentTypeError(f"{text!r} came, {kind}; expected a directory with files that end in .json.gz")
    return directory


def _rounds(text: str) -> int:
    if not text.isdecimal() or (rounds := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} came; expected a number of 1 or more")
    return rounds


def _seconds(text: str) -> float:
    if not 1 <= (seconds := float(text)) <= _LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{seconds:g} came; expected 1 to {_LONGEST_SECONDS}")
    return seconds


def _allow_many_files() -> None:
    """Let this process and the servers it starts have as many connections as the machine allows them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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
