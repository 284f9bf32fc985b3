"""How cost grows: the tables and pictures of it, and the workloads that no comparison has, small, on the server itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from benchmarks import keystrokes, pasts, sizes, units
from benchmarks.contenders import OURS
from benchmarks.failures import RunFailed
from benchmarks.growth import Growth
from benchmarks.histories import chaptered
from benchmarks.manuscripts import manuscript_of
from benchmarks.report import Column
from benchmarks.rounds import Stand, Trial, started


@dataclass(frozen=True)
class Run:
    cpu: float
    p99: float
    generator_share: float = 0.1
    others_share: float = 0.0


def never(point: float, directory: Path) -> Trial[Run]:
    raise NotImplementedError


GROWING: Growth[Run] = Growth(
    title="Readers",
    conditions="More and more readers.",
    grows="readers",
    points=(10, 1_000),
    trial=never,
    columns=(
        Column("CPU", lambda run: run.cpu, units.share, panel="share"),
        Column("p99", lambda run: run.p99, units.milliseconds, panel="time"),
    ),
)
RUNS: Sequence[Run | RunFailed] = (Run(0.2, 0.004), RunFailed("a client was\ndisconnected"))


def test_table_has_a_row_for_each_point() -> None:
    assert GROWING.table([Run(0.2, 0.004), Run(0.5, 0.03)]) == (
        "| readers | CPU | p99 |\n|---|---|---|\n| 10 | 20% | 4.0 ms |\n| 1,000 | 50% | 30.0 ms |"
    )


def test_point_without_a_run_that_counts_says_why_and_is_left_out_of_the_picture() -> None:
    assert GROWING.table(RUNS).splitlines()[-1] == "| 1,000 | a client was disconnected | - |"
    assert (
        GROWING.chart(RUNS).alt == "By readers: CPU from 20% at 10 to 20% at 10; p99 from 4.0 ms at 10 to 4.0 ms at 10"
    )


async def test_point_is_measured_until_its_run_counts() -> None:
    came: list[Run | RunFailed] = [RunFailed("the machine was busy"), Run(0.2, 0.004), Run(0.5, 0.03)]
    runs = iter(came)

    async def next_run(stand: Stand) -> Run:
        run = next(runs)
        if isinstance(run, RunFailed):
            raise run
        return run

    told: list[str] = []
    measured = await replace(GROWING, trial=lambda point, directory: next_run).measure(told.append, noisy=False)

    assert measured.is_complete
    assert [line.split("  ")[0] for line in told] == ["10 readers", "10 readers", "1,000 readers"]
    assert "| 10 | 20% | 4.0 ms |" in measured.text


@pytest.mark.parametrize("size", [1e3, 1e5, 1e6])
def test_manuscript_is_as_large_as_it_is_asked_to_be(size: float) -> None:
    assert manuscript_of(round(size)).size == pytest.approx(size, rel=0.2)


def test_history_in_chapters_has_as_many_edits_as_it_is_asked_to_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.histories._CHAPTER", 100)
    edits = list(chaptered(250))
    assert len(edits) == 250
    assert len({edit.client for edit in edits}) == 3


def stand(directory: Path) -> Stand:
    return Stand(OURS, "room", lambda: started(OURS.server, directory), directory)


async def test_document_of_a_size_is_opened_and_typed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "COLD_OPENINGS", 1)
    monkeypatch.setattr(keystrokes, "TYPING", replace(keystrokes.TYPING, warm_up=0.2, seconds=1))
    outcome = await sizes.trial(1e4, tmp_path)(stand(tmp_path))
    figures = (outcome.cold, outcome.cold_cpu, outcome.warm, outcome.warm_cpu, outcome.p99, outcome.edit_cpu)
    assert all(0 < figure < 10 for figure in figures)


async def test_document_with_a_past_is_opened_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pasts, "OPENINGS", 1)
    monkeypatch.setattr(keystrokes, "TYPING", replace(keystrokes.TYPING, warm_up=0.2, seconds=1))
    outcome = await pasts.trial(20_000, tmp_path)(stand(tmp_path))
    assert all(0 < figure < 10 for figure in (outcome.cpu, outcome.p99, outcome.edit_cpu))
    assert 8_000 < outcome.stored < 10 * outcome.state
