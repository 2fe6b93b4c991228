"""The presence chart of programs and users: one row per server, on a common time axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from service.http.parameters import CURSOR, Parameter
from service.pages.charts import Line, Tick, percent, ticks
from service.pages.site import PageQuery
from service.store.read.occurrence_rows import LoginHistory, ProcessHistory
from service.store.read.occurrences import OccurrencePage
from service.store.read.usage_stats import Run

Identity = tuple[str | None, ...]  # program and user, or user alone

# A page has two lists, each with its own cursor.
HISTORY_CURSOR = Parameter("cursor_historial", CURSOR.expected, CURSOR.parse)
_MAX_TICKS = 5
_MIN_PERIOD = 60_000_000  # microseconds; a single report needs some width


class HostRow(NamedTuple):
    """A server of the chart, with all of its occurrences."""

    server_id: int
    ip_server: str
    nombre_host: str | None
    identities: list[Identity]  # distinct, in the order of the rows
    first_at: int
    last_at: int
    running: bool
    line: Line  # from the first to the last occurrence
    runs: list[Line]  # the parts that consecutive reports confirm


@dataclass(frozen=True, slots=True)
class PresenceChart:
    hosts: list[HostRow]
    ticks: list[Tick]


def presence_chart(
    rows: Sequence[ProcessHistory] | Sequence[LoginHistory],
    runs: Iterable[Run],
    until: int,
    identity: Callable[[Any], Identity],
) -> PresenceChart:
    """The chart of rows in the order of servers, from their first occurrence to `until`.

    identity: the columns that distinguish the rows of one server.
    """
    until = max([until, *(row.last_at for row in rows)])
    # Longer to the left only: to the right, a report of 9999 has no time after it.
    since = min([until - _MIN_PERIOD, *(row.first_at for row in rows)])
    lines: dict[int, list[Line]] = {}
    for run in runs:
        lines.setdefault(run.server_id, []).append(_line(run.first_at, run.last_at, since, until))
    hosts = [
        _host_row(list(group), lines.get(server_id, []), (since, until), identity)
        for server_id, group in groupby(rows, key=lambda row: row.server_id)
    ]
    # The label of a tick stands to its right and needs room.
    last_tick = since + (until - since) * 9 // 10
    marks = [tick for tick in ticks(since, until, _MAX_TICKS) if tick.at <= last_tick]
    return PresenceChart(hosts, marks)


def _host_row(
    rows: Sequence[Any],
    runs: list[Line],
    period: tuple[int, int],
    identity: Callable[[Any], Identity],
) -> HostRow:
    first, last = min(row.first_at for row in rows), max(row.last_at for row in rows)
    return HostRow(
        server_id=rows[0].server_id,
        ip_server=rows[0].ip_server,
        nombre_host=rows[0].nombre_host,
        identities=list(dict.fromkeys(identity(row) for row in rows)),
        first_at=first,
        last_at=last,
        running=any(row.running for row in rows),
        line=_line(first, last, *period),
        runs=runs,
    )


def _line(first: int, last: int, since: int, until: int) -> Line:
    last = max(last, first + (until - since) // 250)  # a single report is a dot
    return Line(percent(first - since, until - since), percent(last - since, until - since))


def page_links(
    query: PageQuery, path: str, cursor: Parameter[int], page: OccurrencePage[Any]
) -> dict[str, Any]:
    """The addresses of the first and the next page of a list; null where there is none.

    unfinished: the page ends before it is full, since it took the work of a page.
    """
    after = page.after
    return {
        "first": query.address(path, **{cursor.name: None}) if query[cursor] else None,
        "next": None if after is None else query.address(path, **{cursor.name: f"{after:016x}"}),
        "unfinished": after is not None and len(page.rows) < query.limit,
    }
