import pytest

from benchmarks.contenders import OURS
from benchmarks.failures import RunFailed
from benchmarks.measure import check_undisturbed
from benchmarks.report import table
from benchmarks.slowreader import COLUMNS, Outcome, Return, Stretch

MB = 1_000_000


def outcome(p99: float, growth: int, back: Return, *, others: float = 0.1) -> Outcome:
    nobody = Return(0, 0, 0.0)
    all_read = Stretch(p99, p99 + 0.001, growth * MB, (growth + 5) * MB, nobody, generator_share=0.2, others_share=0.1)
    one_stuck = Stretch(
        p99 + 0.005,
        p99 + 0.007,
        (growth + 3) * MB,
        (growth + 40) * MB,
        back,
        generator_share=0.3,
        others_share=others,
    )
    return Outcome(all_read, one_stuck)


def test_table_sets_the_stuck_reader_beside_none() -> None:
    runs: list[Outcome | RunFailed] = [
        outcome(0.010, 100, Return(700, 16 * MB, 0.5)),
        outcome(0.030, 110, Return(710, 16 * MB, 0.6)),
        outcome(0.020, 90, Return(690, 15 * MB, 0.4)),
        RunFailed("a client was disconnected"),
    ]

    lines = table(COLUMNS, [OURS], {OURS.label: runs}).splitlines()

    figures = "20.0 ms | 25.0 ms | 21.0 ms | 27.0 ms | 100 MB | 103 MB | 105 MB | 140 MB | 700 | 16 MB | 0.50 s"
    assert lines[-1] == f"| {OURS.label} | {figures} | 3 of 4: a client was disconnected |"


def test_a_run_counts_only_when_both_its_halves_were_undisturbed() -> None:
    run = outcome(0.010, 100, Return(700, 16 * MB, 0.5), others=0.9)

    with pytest.raises(RunFailed, match="90% of a core"):
        check_undisturbed(run.generator_share, run.others_share, cores=2)
