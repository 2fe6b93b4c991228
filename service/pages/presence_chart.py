"""What the pages of a program and a user have in common: where something is, and where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from service.http.parameters import CURSOR, Parameter, Query
from service.pages.charts import Line, Tick, percent, ticks
from service.store.read.occurrences import LoginHistory, ProcessHistory
from service.store.read.usage_stats import Run

# The two lists of a page are turned over each by itself.
HISTORY_CURSOR = Parameter("cursor_historial", CURSOR.expected, CURSOR.parse)
_MOST_TICKS = 5
_SHORTEST = 60_000_000  # microseconds; what was seen once has to have some width, too


class Place(NamedTuple):
    """A server on which something was seen: the rows of it as one."""

    server_id: int
    ip_server: str
    nombre_host: str | None
    who: list[tuple[str | None, ...]]  # as whom, or how: what tells the rows apart, each once
    first_at: int
    last_at: int
    running: bool
    line: Line  # from the first sight of it to the last
    runs: list[Line]  # of it, what is known to be without a break


@dataclass(frozen=True, slots=True)
class Spread:
    """Places in a picture with one axis of time."""

    places: list[Place]
    ticks: list[Tick]


def spread(
    rows: Sequence[ProcessHistory] | Sequence[LoginHistory],
    runs: Iterable[Run],
    until: int,
    apart: Callable[[Any], tuple[str | None, ...]],
) -> Spread:
    """One line a server, from the first to the last record that shows any of its rows."""
    since = min((row.first_at for row in rows), default=until - _SHORTEST)
    until = max([until, since + _SHORTEST, *(row.last_at for row in rows)])
    lines: dict[int, list[Line]] = {}
    for run in runs:
        lines.setdefault(run.server_id, []).append(_line(run.first_at, run.last_at, since, until))
    places = [
        _place(list(of_server), lines.get(server_id, []), (since, until), apart)
        for server_id, of_server in groupby(rows, key=lambda row: row.server_id)
    ]
    # The label of a tick stands to the right of it, and needs some room.
    room = since + (until - since) * 9 // 10
    return Spread(places, [tick for tick in ticks(since, until, _MOST_TICKS) if tick.at <= room])


def _place(
    rows: Sequence[Any],
    runs: list[Line],
    span: tuple[int, int],
    apart: Callable[[Any], tuple[str | None, ...]],
) -> Place:
    first, last = min(row.first_at for row in rows), max(row.last_at for row in rows)
    return Place(
        server_id=rows[0].server_id,
        ip_server=rows[0].ip_server,
        nombre_host=rows[0].nombre_host,
        who=_each_once(apart(row) for row in rows),
        first_at=first,
        last_at=last,
        running=any(row.running for row in rows),
        line=_line(first, last, *span),
        runs=runs,
    )


def _line(first: int, last: int, since: int, until: int) -> Line:
    last = max(last, first + (until - since) // 250)  # a single report is a dot
    return Line(percent(first - since, until - since), percent(last - since, until - since))


def _each_once(values: Iterable[tuple[str | None, ...]]) -> list[tuple[str | None, ...]]:
    return list(dict.fromkeys(values))


def turned(query: Query, path: str, cursor: Parameter[int], after: int | None) -> dict[str, Any]:
    """The addresses of the first and of the next page of a list; null where there is none."""
    return {
        "first": query.address(path, **{cursor.name: None}) if query[cursor] else None,
        "next": None if after is None else query.address(path, **{cursor.name: f"{after:016x}"}),
    }
