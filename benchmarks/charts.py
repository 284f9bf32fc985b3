"""Pictures of figures: bars of servers side by side, and curves of growth. SVG, the same bytes for the same figures.

The text stays text, so that a reader's browser writes it in a font of its own; the ground is opaque, so that it can be read on a dark page.
"""

import io
import math
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import NullLocator

_OURS: Final = "#0969da"
_PEER: Final = "#afb8c1"
_INK: Final = "#1f2328"
_FAINT: Final = "#656d76"
_GRID: Final = "#d8dee4"
_GROUND: Final = "#ffffff"
_CURVES: Final = (_OURS, "#bc4c00", "#1a7f37")

_NO_METADATA: Final = {"Date": None, "Creator": None}
_WIDTH: Final = 8.6
"""Of all pictures, in inches of 72 points."""

_BAR_HEIGHT: Final = 0.27
_BARS_MARGIN: Final = 0.45
_LABELS_WIDTH: Final = 2.35
_RIGHT_EDGE: Final = 0.99 * _WIDTH
_ROOM_FOR_FIGURES: Final = 0.75
"""Behind the longest bar."""

_CURVES_HEIGHT: Final = 2.3
_IN_A_ROW: Final = 2

_NO_FRACTION: Final = re.compile(r"\.0+(?!\d)")


@dataclass(frozen=True, slots=True)
class Bar:
    """One server's figure."""

    label: str
    value: float | None
    """`None` where no run counts."""

    written: str
    spread: tuple[float, float] | None = None
    """The least and the most of several rounds."""

    ours: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """One figure of all servers, whose order is the same in all panels of a chart."""

    title: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure at each point of growth; `None` where no run counts."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Curves:
    """Figures of one unit."""

    title: str
    curves: Sequence[Curve]
    write: Callable[[float], str]
    """Gives the figures at the axis."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and what is told to whoever does not see it."""

    svg: str
    alt: str


def _style() -> AbstractContextManager[None]:
    return rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "collab",
            "font.family": "sans-serif",
            "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
            "font.size": 9.0,
            "text.color": _INK,
            "axes.labelcolor": _FAINT,
            "axes.edgecolor": _GRID,
            "xtick.color": _FAINT,
            "ytick.color": _FAINT,
        }
    )


def bar_chart(panels: Sequence[Bars]) -> Chart:
    """Draw bars, ours in a colour of their own; thin lines are spreads. Raises `ValueError` for no panels."""
    if not panels:
        raise ValueError("no panels came; expected one or more")
    with _style():
        height = _BARS_MARGIN + _BAR_HEIGHT * len(panels[0].bars)
        figure = Figure(figsize=(_WIDTH, height), facecolor=_GROUND)
        all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(all_axes, panels, strict=True):
            _draw_bars(axes, panel, (_RIGHT_EDGE - _LABELS_WIDTH) / len(panels))
        figure.subplots_adjust(
            left=_LABELS_WIDTH / _WIDTH,
            right=_RIGHT_EDGE / _WIDTH,
            top=1 - (_BARS_MARGIN - 0.08) / height,
            bottom=0.08 / height,
            wspace=0.06,
        )
        svg = _svg(figure)
    told = (f"{panel.title}: " + "; ".join(f"{bar.label} {bar.written}" for bar in panel.bars) for panel in panels)
    return Chart(svg, ". ".join(told))


def _draw_bars(axes: Axes, panel: Bars, width: float) -> None:
    places = range(len(panel.bars))
    longest = max((max(bar.value or 0.0, *(bar.spread or (0.0,))) for bar in panel.bars), default=0.0) or 1.0
    axes.barh(
        places,
        [bar.value or 0.0 for bar in panel.bars],
        height=0.66,
        color=[_OURS if bar.ours else _PEER for bar in panel.bars],
    )
    for place, bar in zip(places, panel.bars, strict=True):
        end = bar.value or 0.0
        if bar.spread is not None:
            axes.plot(bar.spread, (place, place), color=_INK, linewidth=0.8, solid_capstyle="butt")
            axes.plot(
                bar.spread, (place, place), color=_INK, linestyle="", marker="|", markersize=4, markeredgewidth=0.8
            )
            end = max(end, *bar.spread)
        axes.annotate(
            bar.written,
            (end, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontweight="bold" if bar.ours else None,
        )
    axes.set_title(panel.title, loc="left", fontsize=9.5, color=_INK)
    axes.set_yticks(places, [bar.label for bar in panel.bars], color=_INK)
    axes.set_xlim(0, longest * width / (width - _ROOM_FOR_FIGURES))
    axes.set_ylim(len(panel.bars) - 0.5, -0.5)
    axes.set_xticks([])
    axes.tick_params(left=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def curve_chart(
    axis: str, points: Sequence[float], marks: Sequence[str], panels: Sequence[Curves], *, by_factors: bool = False
) -> Chart:
    """Draw curves over points that grow by factors, as their figures may; each point has its mark at the axis.

    Raises `ValueError` for no panels.
    """
    if not panels:
        raise ValueError("no panels came; expected one or more")
    with _style():
        margins = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
        rows = math.ceil(len(panels) / _IN_A_ROW)
        figure = Figure(figsize=(_WIDTH, rows * _CURVES_HEIGHT), facecolor=_GROUND, layout=margins)
        for place, panel in enumerate(panels, start=1):
            axes = figure.add_subplot(rows, _IN_A_ROW, place)
            _draw_curves(axes, points, panel, "log" if by_factors else "linear")
            axes.set_xscale("log")
            axes.set_xticks(points, marks)
            axes.set_xticks([], minor=True)
            axes.set_xlabel(axis)
        svg = _svg(figure)
    told = (f"{curve.label} {_told(marks, curve, panel)}" for panel in panels for curve in panel.curves)
    return Chart(svg, f"By {axis}: " + "; ".join(told))


def _told(marks: Sequence[str], curve: Curve, panel: Curves) -> str:
    """Tell where a curve begins and ends; all between is in the table."""
    at = [
        f"{panel.write(value)} at {mark}" for mark, value in zip(marks, curve.values, strict=True) if value is not None
    ]
    return f"from {at[0]} to {at[-1]}" if at else "without a run that counts"


def _draw_curves(axes: Axes, points: Sequence[float], panel: Curves, scale: str) -> None:
    for color, curve in zip(cycle(_CURVES), panel.curves, strict=False):
        counted = [(at, value) for at, value in zip(points, curve.values, strict=True) if value is not None]
        axes.plot(
            [at for at, _ in counted],
            [value for _, value in counted],
            color=color,
            marker="o",
            markersize=4,
            label=curve.label,
            clip_on=False,
        )
    axes.set_title(panel.title, loc="left", fontsize=9.5, color=_INK, pad=None if len(panel.curves) == 1 else 18)
    axes.set_yscale(scale)
    axes.set_ylim(*_limits(panel, scale))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: _NO_FRACTION.sub("", panel.write(value)))
    axes.grid(axis="y", color=_GRID, linewidth=0.6)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if len(panel.curves) > 1:
        axes.legend(
            frameon=False,
            fontsize=8,
            ncols=len(panel.curves),
            loc="lower left",
            bbox_to_anchor=(0, 0.98),
            borderpad=0,
            handlelength=1.4,
        )


def _limits(panel: Curves, scale: str) -> tuple[float, float | None]:
    """Return where the axis begins and ends: at powers of ten where it is logarithmic."""
    values = [value for curve in panel.curves for value in curve.values if value]
    if scale == "linear" or not values:
        return 0, None
    lowest = math.floor(math.log10(min(values)))
    highest = max(math.ceil(math.log10(max(values))), lowest + 1)
    return 10**lowest, 10**highest


def _svg(figure: Figure) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata=_NO_METADATA)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n"
