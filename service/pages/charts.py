"""Geometry of the charts that the templates draw as SVG.

Horizontal positions are percentages of the width, so charts fit every screen while their labels
keep their size. Vertical positions are pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_TICK_STEPS = (
    *(n * SECOND for n in (1, 5, 15, 30)),
    *(n * MINUTE for n in (1, 5, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 365, 730, 3650, 36500)),
    10_000 * 365 * DAY,
)


def percent(part: float, whole: float) -> str:
    """A length in SVG; 0% of an empty whole."""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


class Column(NamedTuple):
    """A vertical bar of a chart over time."""

    hour: int
    reports: int
    x: str
    width: str
    y: float
    height: float


def columns(counts: Sequence[tuple[int, int]], height: float) -> list[Column]:
    """One column per hour. The largest count has the full height; any count has a pixel or more."""
    largest = max((count for _, count in counts), default=0) or 1
    slot = 100 / max(len(counts), 1)
    drawn = []
    for position, (hour, count) in enumerate(counts):
        column_height = max(height * count / largest, 1.0) if count else 0.0
        x, width = f"{slot * (position + 0.1):.2f}%", f"{slot * 0.8:.2f}%"
        y = round(height - column_height, 1)
        drawn.append(Column(hour, count, x, width, y, round(column_height, 1)))
    return drawn


class Tick(NamedTuple):
    """A mark on a time axis."""

    at: int
    x: str
    is_midnight: bool  # labelled with the date instead of the time


def ticks(since: int, until: int, max_ticks: int) -> list[Tick]:
    """Round times within a period, at most max_ticks."""
    length = until - since
    step = next(step for step in _TICK_STEPS if length <= step * max_ticks)
    first = -(-since // step) * step
    label_width = length // 16
    return [
        Tick(at, percent(at - since, length), at % DAY == 0)
        for at in range(first, until - label_width, step)
    ]


class Line(NamedTuple):
    """A horizontal line from x1 to x2."""

    x1: str
    x2: str


class Lifeline(NamedTuple):
    """The lifetime of a process: the observed part, and the gaps in which it started and ended."""

    observed: Line
    start_gap: Line | None  # between the last report without it and the first report with it
    end_gap: Line | None
    start: str | None  # where it was first observed, if that is inside the chart
    end: str | None


def lifeline(
    before: int | None, first: int, last: int, after: int | None, period: tuple[int, int]
) -> Lifeline:
    """Takes the times of four reports: before it, first with it, last with it, after it.

    Parts outside the period are cut off. A line that is cut off has no end mark there.
    """
    since, until = period

    def gap(start: int, end: int) -> Line | None:
        if end < since or start > until or start == end:
            return None
        return Line(_position(start, period), _position(end, period))

    observed = Line(_position(first, period), _position(last, period))
    return Lifeline(
        observed=observed,
        start_gap=None if before is None else gap(before, first),
        end_gap=None if after is None else gap(last, after),
        start=observed.x1 if before is not None and since <= first <= until else None,
        end=observed.x2 if after is not None and since <= last <= until else None,
    )


def _position(at: int, period: tuple[int, int]) -> str:
    since, until = period
    return percent(min(max(at, since), until) - since, until - since)


def peak(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The hour with the largest count, and the count; the first of several equal hours."""
    return max(counts, key=lambda pair: pair[1], default=(0, 0))
