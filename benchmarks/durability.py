"""What an acknowledgement is worth: a server that dies at random moments, and the price of committing before each is given."""

import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from benchmarks.commits import DOCUMENTS, Pace, pace
from benchmarks.databases import Database, check_postgres, postgres_database, sqlite_database
from benchmarks.kills import Death, Deaths, KillPlan, kill_again_and_again
from benchmarks.report import alone

RATES: Final = (200.0, 5_000.0)
"""Updates per second."""

PACE_SECONDS: Final = 6.0
PACE_WARM_UP: Final = 2.0

Progress = Callable[[str], None]
"""Told in words of each step that is over."""


@dataclass(frozen=True, slots=True)
class Durability:
    """What was measured on one database."""

    label: str
    deaths: Deaths
    paces: Sequence[Pace]


async def measure(plan: KillPlan, postgres: str | None, progress: Progress) -> list[Durability]:
    """Measure on SQLite and, where there is a server for it, on PostgreSQL. Raises `OptionUnusable` at once where that server is none."""
    if postgres is not None:
        await check_postgres(postgres)
    places = [sqlite_database()] if postgres is None else [sqlite_database(), postgres_database(postgres)]
    return [await _measure(place, plan, progress) for place in places]


async def _measure(place: AbstractAsyncContextManager[Database], plan: KillPlan, progress: Progress) -> Durability:
    async with place as database:

        def tell(death: Death, lost: int) -> None:
            progress(
                f"{database.label}  killed with {death.sent} updates sent, {death.acknowledged} acknowledged, "
                f"the oldest of the others {death.oldest * 1e3:.1f} ms old; lost so far: {lost}"
            )

        deaths = await kill_again_and_again(database, plan, tell)
        paces = []
        for rate in RATES:
            paces.append(await pace(database, rate, seconds=PACE_SECONDS, warm_up=PACE_WARM_UP))
            progress(f"{database.label}  {_pace_line(paces[-1])}")
        return Durability(database.label, deaths, paces)


def durability_table(results: Sequence[Durability], plan: KillPlan) -> str:
    """Return what was measured as two Markdown tables."""
    lines = [
        (
            f"Somebody types {plan.rate:g} updates/s into a document until the server is ended with `kill -9`, at a random moment of "
            f"{plan.seconds:g} s (seed {plan.seed}); the next server goes on with the same document. "
            f"{alone(shared_by='everything')}"
        ),
        "",
        "| database | kills | updates sent | acknowledged | of these lost | oldest update not acknowledged: median | worst |",
        "|---|---|---|---|---|---|---|",
        *(_deaths_line(result) for result in results),
        "",
        f"Without kills, {DOCUMENTS} documents with one writer each, {PACE_SECONDS:g} s after {PACE_WARM_UP:g} s of warm-up:",
        "",
        "| database | updates/s | commits/s | acknowledged after: p50 | p99 | CPU: the server | others, with the database |",
        "|---|---|---|---|---|---|---|",
        *(_pace_row(result.label, each) for result in results for each in result.paces),
    ]
    return "\n".join(lines)


def _deaths_line(result: Durability) -> str:
    deaths = result.deaths
    oldest = [death.oldest for death in deaths.each]
    return (
        f"| {result.label} | {len(deaths.each)} | {sum(death.sent for death in deaths.each):,} | {deaths.acknowledged:,} "
        f"| **{deaths.lost:,}** | {statistics.median(oldest) * 1e3:.1f} ms | {max(oldest) * 1e3:.1f} ms |"
    )


def _pace_row(label: str, each: Pace) -> str:
    return (
        f"| {label} | {each.rate:,.0f} | {each.commits:.1f} | {each.p50 * 1e3:.1f} ms | {each.p99 * 1e3:.1f} ms "
        f"| {each.server_share:.0%} | {each.others_share:.0%} |"
    )


def _pace_line(each: Pace) -> str:
    return (
        f"{each.rate:,.0f} updates/s: {each.commits:.1f} commits/s, acknowledged after {each.p50 * 1e3:.1f} ms (p50), "
        f"{each.p99 * 1e3:.1f} ms (p99); server {each.server_share:.0%}, others {each.others_share:.0%} of a core"
    )
