from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import fanout
from benchmarks.charts import Chart
from benchmarks.contenders import CONTENDERS
from benchmarks.failures import RunFailed
from benchmarks.fanout import Outcome
from benchmarks.report import table, write_section

Runs = dict[str, Sequence[Outcome | RunFailed]]


def outcome(cpu: float, p99: float = 0.010, memory: int = 64) -> Outcome:
    return Outcome(
        cpu_per_delivery=cpu / 1e6,
        cpu_share=0.2,
        p50=0.002,
        p99=p99,
        deliveries=20_000,
        frames=190,
        idle_memory=memory * 1024 * 1024,
        busy_memory=memory * 1024 * 1024,
        memory_each=13_000,
        generator_share=0.25,
        others_share=0.01,
    )


def row(outcomes: Runs, label: str) -> list[str]:
    contenders = [contender for contender in CONTENDERS if contender.label in outcomes]
    lines = table(fanout.columns(), contenders, outcomes).splitlines()
    (line,) = [line for line in lines if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_holds_medians_and_ratios_to_the_best_peer() -> None:
    ours, also_ours, peer, other_peer = (contender.label for contender in CONTENDERS[:4])
    outcomes: Runs = {
        ours: [outcome(90), outcome(6), outcome(5)],
        also_ours: [outcome(3)],
        peer: [outcome(12, p99=0.020)],
        other_peer: [outcome(24, p99=0.005)],
    }
    assert row(outcomes, ours)[1:6] == ["6.00 ms", "0.50", "2.0 ms", "10.0 ms", "2.00"]
    assert row(outcomes, peer)[1:6] == ["12.00 ms", "1.00", "2.0 ms", "20.0 ms", "4.00"]


def test_table_takes_idle_memory_from_the_first_run() -> None:
    ours = CONTENDERS[0].label
    assert row({ours: [outcome(6, memory=64), outcome(6, memory=90), outcome(6, memory=91)]}, ours)[-3] == "64 MiB"


def test_table_leaves_out_runs_that_do_not_count_and_says_why() -> None:
    ours, *others = (contender.label for contender in CONTENDERS)
    outcomes: Runs = {ours: [RunFailed("119 of 120 clients have every edit"), outcome(8)]}
    outcomes |= {label: [RunFailed("it said:\n| a | b")] for label in others}
    assert row(outcomes, ours)[1:3] == ["8.00 ms", "-"]
    assert row(outcomes, ours)[-1] == "1 of 2: 119 of 120 clients have every edit"
    assert row(outcomes, others[0])[1:] == ["-"] * 10 + ["0 of 1: it said: / a / b"]


def test_page_keeps_what_stands_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- fanout: written by `make bench` -->\nold\n<!-- /fanout -->\nafter\n")
    write_section(page, "fanout", "One room", "new")
    write_section(page, "fanout", "One room", "newer")
    assert page.read_text() == (
        "before\n<!-- fanout: written by `make bench` -->\n\nnewer\n\n<!-- /fanout -->\nafter\n"
    )


def test_page_gets_a_section_that_it_does_not_have_before_its_last(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\n## One room\n\ntold\n\n## How\n\nlike this\n")
    write_section(page, "rooms", "Many rooms", "new")
    write_section(page, "rooms", "Many rooms", "newer")
    assert page.read_text() == (
        "# Benchmarks\n\n## One room\n\ntold\n\n## Many rooms\n\n"
        "<!-- rooms: written by `make bench` -->\n\nnewer\n\n<!-- /rooms -->\n\n## How\n\nlike this\n"
    )


def test_picture_lies_beside_its_page_and_is_shown_below_the_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\n## How\n\nlike this\n")
    write_section(page, "rooms", "Many rooms", "new", Chart("<svg/>\n", "ours 4 ms"))
    assert "\n\nnew\n\n![ours 4 ms](images/benchmarks/rooms.svg)\n\n<!-- /rooms -->" in page.read_text()
    assert (tmp_path / "images" / "benchmarks" / "rooms.svg").read_text() == "<svg/>\n"


def test_page_without_a_section_is_refused_and_kept(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("a page\n")
    with pytest.raises(ValueError, match="has no place for a section"):
        write_section(page, "fanout", "One room", "new", Chart("<svg/>\n", "ours 4 ms"))
    assert page.read_text() == "a page\n"
    assert list(tmp_path.iterdir()) == [page]
