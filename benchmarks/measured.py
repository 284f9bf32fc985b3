"""What a measurement comes to: a section of a page."""

from dataclasses import dataclass

from benchmarks.charts import Chart


@dataclass(frozen=True, slots=True)
class Measured:
    """The text and the picture of a section, and whether all of ours that belongs into it has a run that counts."""

    text: str
    chart: Chart
    is_complete: bool
