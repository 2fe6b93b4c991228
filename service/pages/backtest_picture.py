"""The picture of a back-test: violations, alerts and unknown servers over time, and its windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.pages.charts import Column, Lifeline, Line, Tick, columns, lifeline, percent, ticks

_MAX_TICKS = 6
_HEIGHT, _LOW_HEIGHT = 90, 36  # pixels


class Series(NamedTuple):
    """A chart of columns. name: what is counted. height: pixels."""

    name: str
    columns: list[Column]
    peak: int
    height: int


class ServerWindows(NamedTuple):
    """A server and the windows in which it failed."""

    server_id: int
    name: str
    violations: int
    windows: list[Lifeline]
    unknown: list[Line]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """rows: the start of each column with anything in it, and its counts."""

    series: list[Series]
    rows: list[tuple[int, int, int, int]]
    width: int  # microseconds of a column
    ticks: list[Tick]
    servers: list[ServerWindows]


def picture_of(result: Mapping[str, Any] | None) -> Picture | None:
    """Null for a job without an outcome. result: of service/policies/backtest/job_result.py."""
    if result is None or "columnas" not in result:
        return None
    counted: list[tuple[int, int, int, int]] = [(*row,) for row in result["columnas"]]
    period = counted[0][0], counted[-1][0] + result["ancho"]
    series = []
    for at, name in enumerate(("violaciones", "alertas", "desconocidos"), 1):
        height = _HEIGHT if at == 1 else _LOW_HEIGHT
        counts = [(row[0], row[at]) for row in counted]
        peak = max((count for _, count in counts), default=0)
        series.append(Series(name, columns(counts, height), peak, height))
    return Picture(
        series,
        [row for row in counted if any(row[1:])],
        result["ancho"],
        ticks(*period, _MAX_TICKS),
        [_of_server(row, period) for row in result["ventanas"]],
    )


def shares_of(result: Mapping[str, Any] | None) -> list[tuple[str, str | None, float]]:
    """The parts of the time that was judged, by verdict and reason, the greatest first.

    Whole per cent are rounded down: nothing is whole that is not.
    """
    parts = [] if result is None else result.get("tiempo", [])
    total = sum(part["segundos"] for part in parts)
    shares = [(part, part["segundos"] / total) for part in parts if part["segundos"]]
    return [
        (part["veredicto"], part["razon"], share if share < 0.01 else int(100 * share) / 100)
        for part, share in shares
    ]


def _of_server(row: Mapping[str, Any], period: tuple[int, int]) -> ServerWindows:
    return ServerWindows(
        row["servidor"],
        row["nombre"],
        row["violaciones"],
        [
            lifeline(after, first, last, ended, period)
            for after, first, last, ended in row["lineas"]
        ],
        [_line(since, until, period) for since, until in row["desconocido"]],
        row["hay_mas"],
    )


def _line(since: int, until: int, period: tuple[int, int]) -> Line:
    start, end = period
    return Line(percent(since - start, end - start), percent(until - start, end - start))
