"""Where the parts of a picture stand. Templates draw them as SVG.

Across, all is in per cent of the width, so that pictures fit any screen while their texts keep
their size; down, in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_STEPS = (
    *(n * SECOND for n in (1, 5, 15, 30)),
    *(n * MINUTE for n in (1, 5, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 14, 28, 56, 112, 365, 730, 3650, 36500)),
    10_000 * 365 * DAY,
)


def percent(part: float, whole: float) -> str:
    """A length: part of the whole, which may be nothing."""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


class Column(NamedTuple):
    """One of the upright bars of a chart over time."""

    hour: int
    reports: int
    x: str
    width: str
    y: float
    height: float


def columns(counts: Sequence[tuple[int, int]], height: float) -> list[Column]:
    """The highest column is as high as the chart; what is not nothing is at least a pixel."""
    most = max((count for _, count in counts), default=0) or 1
    room = 100 / max(len(counts), 1)
    drawn = []
    for position, (hour, count) in enumerate(counts):
        tall = max(height * count / most, 1.0) if count else 0.0
        x, width = f"{room * (position + 0.1):.2f}%", f"{room * 0.8:.2f}%"
        drawn.append(Column(hour, count, x, width, round(height - tall, 1), round(tall, 1)))
    return drawn


class Tick(NamedTuple):
    """A mark on the axis of time."""

    at: int
    x: str
    is_day: bool  # midnight: its label is the date


def ticks(since: int, until: int, most: int) -> list[Tick]:
    """Round moments within a span, at most so many."""
    length = until - since
    step = next(step for step in _STEPS if length <= step * most)
    first = -(-since // step) * step
    room_for_its_label = length // 16
    return [
        Tick(at, percent(at - since, length), at % DAY == 0)
        for at in range(first, until - room_for_its_label, step)
    ]


class Line(NamedTuple):
    """A stroke from x1 to x2."""

    x1: str
    x2: str


class Lifeline(NamedTuple):
    """The life of a process: what was seen of it, and where it may have begun and ended."""

    known: Line
    before: Line | None  # between the last report without it and the first with it
    after: Line | None
    begins: str | None  # where it was first seen, if that is within the picture
    ends: str | None


def lifeline(
    before: int | None, first: int, last: int, after: int | None, span: tuple[int, int]
) -> Lifeline:
    """Of four moments: the last report without it, the first and last with it, the next without.

    What lies outside the span is cut off, and what was cut off has no end there.
    """
    since, until = span

    def line(start: int, end: int) -> Line | None:
        if end < since or start > until or start == end:
            return None
        return Line(_within(start, span), _within(end, span))

    known = Line(_within(first, span), _within(last, span))
    return Lifeline(
        known=known,
        before=None if before is None else line(before, first),
        after=None if after is None else line(last, after),
        begins=known.x1 if before is not None and since <= first <= until else None,
        ends=known.x2 if after is not None and since <= last <= until else None,
    )


def _within(moment: int, span: tuple[int, int]) -> str:
    since, until = span
    return percent(min(max(moment, since), until) - since, until - since)


def busiest(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The hour with the most, and how many that were; of equal ones the first."""
    return max(counts, key=lambda pair: pair[1], default=(0, 0))
