"""How the figures of the tables are written."""

from typing import Final

_MIB: Final = 1024 * 1024


def milliseconds(seconds: float) -> str:
    """Write a latency."""
    return f"{seconds * 1e3:.1f} ms"


def milliseconds_per_thousand(seconds: float) -> str:
    """Write what a thousand take, given what one takes."""
    return f"{seconds * 1e6:.2f} ms"


def whole_seconds(seconds: float) -> str:
    """Write a time that people notice."""
    return f"{seconds:.2f} s"


def share(value: float) -> str:
    """Write a share of one core."""
    return f"{value:.0%}" if value >= 0.1 else f"{value:.1%}"


def mebibytes(size: float) -> str:
    """Write the memory of a server."""
    return f"{size / _MIB:,.0f} MiB"


def kilobytes(size: float) -> str:
    """Write the memory of one connection."""
    return f"{size / 1e3:.1f} kB"


def megabytes(size: float) -> str:
    """Write how much of something large there is."""
    return f"{size / 1e6:,.0f} MB"


def size(value: float) -> str:
    """Write how large a document is."""
    return f"{value / 1e6:,.0f} MB" if value >= 1e6 else f"{value / 1e3:,.0f} kB"


def number(value: float) -> str:
    """Write a count or a rate."""
    return f"{value:,.0f}"
