from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS
from benchmarks.failures import RunFailed
from benchmarks.fanout import Outcome
from benchmarks.report import table, write_section
from benchmarks.rounds import Outcomes


def outcome(cpu: float, p99: float = 0.010) -> Outcome:
    return Outcome(
        cpu_per_delivery=cpu / 1e6,
        cpu_share=0.2,
        p50=0.002,
        p99=p99,
        deliveries=20_000,
        frames=190,
        idle_memory=64 * 1024 * 1024,
        generator_share=0.25,
        others_share=0.01,
    )


def row(outcomes: Outcomes, label: str) -> list[str]:
    (line,) = [line for line in table(outcomes).splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_holds_medians_and_ratios_to_the_best_peer() -> None:
    ours, also_ours, peer, other_peer = (contender.label for contender in CONTENDERS)
    outcomes: Outcomes = {
        ours: [outcome(90), outcome(6), outcome(5)],
        also_ours: [outcome(3)],
        peer: [outcome(12, p99=0.020)],
        other_peer: [outcome(24, p99=0.005)],
    }
    assert row(outcomes, ours)[1:6] == ["6.00 ms", "0.50", "2.0 ms", "10.0 ms", "2.00"]
    assert row(outcomes, peer)[1:6] == ["12.00 ms", "1.00", "2.0 ms", "20.0 ms", "4.00"]


def test_table_leaves_out_runs_that_do_not_count() -> None:
    ours, *others = (contender.label for contender in CONTENDERS)
    outcomes: Outcomes = {ours: [RunFailed("119 of 120 clients have every edit"), outcome(8)]}
    outcomes |= {label: [RunFailed("a client was disconnected")] for label in others}
    assert row(outcomes, ours)[1:3] == ["8.00 ms", "-"]
    assert row(outcomes, ours)[-1] == "1 of 2"
    assert row(outcomes, others[0])[1:] == ["-"] * 9 + ["0 of 1"]


def test_page_keeps_what_stands_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- fanout: written by `make bench` -->\nold\n<!-- /fanout -->\nafter\n")
    write_section(page, "fanout", "new")
    write_section(page, "fanout", "newer")
    assert page.read_text() == (
        "before\n<!-- fanout: written by `make bench` -->\n\nnewer\n\n<!-- /fanout -->\nafter\n"
    )


def test_page_without_marks_is_refused_and_kept(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("a page\n")
    with pytest.raises(ValueError, match="has no marks"):
        write_section(page, "fanout", "new")
    assert page.read_text() == "a page\n"
