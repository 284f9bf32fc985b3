from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from benchmarks import fanout, units
from benchmarks.charts import Bar, Bars, Chart, Curve, Curves, bar_chart, curve_chart
from benchmarks.comparisons import COMPARISONS, Comparison
from benchmarks.contenders import CONTENDERS
from benchmarks.failures import RunFailed
from benchmarks.report import Column, bars
from tests.benchmarks.test_report import Runs, outcome
from tests.benchmarks.test_rounds import BROKEN, FIRST, look

SVG = "{http://www.w3.org/2000/svg}"
BARS = [
    Bars("CPU", [Bar("ours", 0.004, "4.0 ms", (0.003, 0.006), ours=True), Bar("a peer", 0.008, "8.0 ms")]),
    Bars("p99 & more", [Bar("ours", 0.004, "4.0 ms"), Bar("a peer", None, "no run counts")]),
]
CURVES = [
    Curves("CPU", [Curve("CPU share", [0.1, 0.2, 0.5])], units.share),
    Curves("p99", [Curve("cold", [0.004, None, 0.3]), Curve("warm", [0.001, 0.002, 0.003])], units.milliseconds),
]


def bar_picture() -> Chart:
    return bar_chart(BARS)


def curve_picture() -> Chart:
    return curve_chart("readers", [10, 100, 1000], ["10", "100", "1,000"], CURVES)


def texts_in(chart: Chart) -> list[str]:
    root = ET.fromstring(chart.svg)
    assert root.tag == f"{SVG}svg"
    return [text for element in root.iter(f"{SVG}text") if (text := element.text)]


@pytest.mark.parametrize(
    ("chart", "told"),
    [
        (bar_picture(), ["CPU", "p99 & more", "ours", "a peer", "4.0 ms", "8.0 ms", "no run counts"]),
        (curve_picture(), ["CPU", "p99", "readers", "10", "100", "1,000", "cold", "warm", "40%"]),
    ],
    ids=["bars", "curves"],
)
def test_picture_is_svg_whose_text_is_text(chart: Chart, told: Sequence[str]) -> None:
    assert set(told) <= set(texts_in(chart))


def test_picture_of_the_same_figures_is_the_same() -> None:
    assert (bar_picture(), curve_picture()) == (bar_picture(), curve_picture())


def test_picture_tells_its_figures_to_whoever_does_not_see_it() -> None:
    assert bar_picture().alt == ("CPU: ours 4.0 ms; a peer 8.0 ms. p99 & more: ours 4.0 ms; a peer no run counts")
    assert curve_picture().alt == (
        "By readers: CPU share from 10% at 10 to 50% at 1,000; cold from 4.0 ms at 10 to 300.0 ms at 1,000; "
        "warm from 1.0 ms at 10 to 3.0 ms at 1,000"
    )


def test_picture_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no panels came"):
        bar_chart([])
    with pytest.raises(ValueError, match="no panels came"):
        curve_chart("readers", [10], ["10"], [])


def test_bars_are_medians_with_the_spread_of_three_rounds_or_more() -> None:
    ours, _, peer, other_peer = (contender.label for contender in CONTENDERS[:4])
    outcomes: Runs = {
        ours: [outcome(5), outcome(9), outcome(6)],
        peer: [outcome(12), outcome(14)],
        other_peer: [RunFailed("a client was disconnected")],
    }
    contenders = [contender for contender in CONTENDERS if contender.label in outcomes]

    cpu, p99 = bars(fanout.columns(), contenders, outcomes)

    assert (cpu.title, p99.title) == ("CPU per 1,000 deliveries", "p99")
    assert [bar.written for bar in cpu.bars] == ["6.00 ms", "13.00 ms", "no run counts"]
    assert [bar.spread for bar in cpu.bars] == [pytest.approx((5e-6, 9e-6)), None, None]
    assert [bar.ours for bar in cpu.bars] == [True, False, False]


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_has_figures_for_its_picture(name: str) -> None:
    comparison = COMPARISONS[name]
    assert isinstance(comparison, Comparison)
    assert any(column.panel for column in comparison.columns)


async def test_comparison_comes_with_its_picture() -> None:
    comparison = Comparison(
        title="Doors",
        conditions="Each is looked at.",
        trial=lambda _: look,
        columns=(Column("door", lambda run: run.port, str, panel="door"), Column("other", lambda run: 1.0, str)),
        contenders=(FIRST, BROKEN),
    )
    measured = await comparison.measure(1, None, print, noisy=True)
    assert measured.chart.alt.startswith("door: first ")
    assert measured.chart.alt.endswith("; broken no run counts")
