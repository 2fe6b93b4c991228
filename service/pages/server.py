"""/servidor/{servidor}: a server at a moment, its processes and logins, and what changed before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import falcon

from service import times
from service.http.filters import MOMENT, SEARCH
from service.http.parameters import CURSOR, Parameter, Query, choice, integer, time
from service.pages.charts import DAY, HOUR, SECOND, lifeline, ticks
from service.pages.formats import seconds_up
from service.pages.site import Site
from service.store.read.changes import Change, Lifetime
from service.store.read.fleet import FleetStore
from service.store.read.history import Around, HistoryStore
from service.store.read.records import ProcessRow, RecordStore

_SINCE = time("desde")
_INSTANT = integer("instante", 0, times.LAST // SECOND)  # what the slider sends
_SORTED_BY = ("pid", "name", "username", "inicio")
_ORDER = choice(
    "orden",
    {sign + column: (column, bool(sign)) for column in _SORTED_BY for sign in ("", "-")},
)
_TAKEN: tuple[Parameter[Any], ...] = (MOMENT, _SINCE, SEARCH, _ORDER, CURSOR)

_SPANS = (HOUR, 6 * HOUR, DAY, 7 * DAY)
_USUAL_SPAN = DAY
_MOST_PROCESSES = 2000
_MOST_LIVES = 100
_MOST_TICKS = 8


class ServerPage:
    def __init__(
        self,
        site: Site,
        fleet: FleetStore,
        history: HistoryStore,
        records: RecordStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._history = history
        self._records = records
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, server_id: int) -> None:
        query = self._site.query(req, resp, *_TAKEN, _INSTANT)
        instant = query[_INSTANT]
        if instant is not None:
            # The slider can only send a number; the address that people send on says a time.
            moment = times.to_text(instant * SECOND)[:19]
            changes = {"instante": None, "fecha_hora": moment, "cursor": None}
            raise falcon.HTTPSeeOther(query.address(req.path, **changes))
        around = self._history.around(server_id, query[MOMENT])
        shown: dict[str, object] = {
            "server_id": server_id,
            "moment": query[MOMENT],
            "around": around,
            "given": {parameter.name: query.text(parameter) for parameter in _TAKEN},
            "address": query.address,
            "path": req.path,
            "slider": _slider(around, query[MOMENT]),
        }
        if around.shown is None:
            state = self._fleet.server(server_id, None)
            self._site.show(req, resp, "server_unknown.html", **shown, state=state)
            return
        record = self._records.record(around.shown.id_serv)
        earlier = self._history.records(server_id, None, around.shown.taken_at - 1, 0, 1).records
        self._site.show(
            req,
            resp,
            "server.html",
            **shown,
            state=self._fleet.server(server_id, query[MOMENT]),
            record=record,
            now=self._clock(),
            earlier=earlier[0].record.fecha_hora if earlier else None,
            **_processes(record.processes, query),
            **self._span(server_id, around, query),
        )

    def _span(self, server_id: int, around: Around, query: Query) -> dict[str, object]:
        """What changed within the chosen span of time, which ends at the moment shown."""
        moment, since = query[MOMENT], query[_SINCE]
        until = around.last.taken_at if moment is None else moment
        if since is not None and since >= until:
            # The moment was moved to before the span that had been chosen.
            raise falcon.HTTPSeeOther(query.address(_path(server_id), desde=None, cursor=None))
        chosen = since
        if since is None:
            since = max(until - _USUAL_SPAN, 0)
            if around.first.taken_at < until:
                since = max(since, around.first.taken_at)
        changes = self._history.changes(
            server_id, since, until, query.after, query.limit, newest_first=True
        )
        lives = self._history.lifetimes(server_id, since, until, _MOST_LIVES, query[SEARCH])
        return {
            "since": since,
            "until": until,
            "spans": [
                (times.to_text(max(until - length, 0)), length, _is_chosen(chosen, until, length))
                for length in _SPANS
            ],
            "changes": _by_report(changes.changes),
            "older": query.address_after(_path(server_id), changes.after)
            if changes.after
            else None,
            "lives": lives,
            "lines": [(life, _lifeline(life, (since, until))) for life in lives.spans],
            "ticks": ticks(since, until, _MOST_TICKS),
        }


def _path(server_id: int) -> str:
    return f"/servidor/{server_id}"


def _is_chosen(since: int | None, until: int, length: int) -> bool:
    return length == _USUAL_SPAN if since is None else since == max(until - length, 0)


def _slider(around: Around, moment: int | None) -> dict[str, int] | None:
    """Its ends and where it stands, in seconds; none for a server that reported once.

    The second that follows a report shows it.
    """
    low, high = seconds_up(around.first.taken_at), seconds_up(around.last.taken_at)
    if low == high:
        return None
    value = high if moment is None else min(max(seconds_up(moment), low), high)
    return {"low": low, "high": high, "value": value}


def _processes(rows: Sequence[ProcessRow], query: Query) -> dict[str, object]:
    """Those that the search leaves, in the order that was asked for."""
    wanted, (column, downwards) = query[SEARCH], query[_ORDER] or ("pid", False)
    found = list(rows) if wanted is None else _matching(rows, wanted.casefold())
    known = [row for row in found if getattr(row, column) is not None]
    unknown = [row for row in found if getattr(row, column) is None]
    known.sort(key=lambda row: _sort_key(getattr(row, column)), reverse=downwards)
    return {
        "processes": (known + unknown)[:_MOST_PROCESSES],
        "found": len(found),
        "sorted_by": column,
        "downwards": downwards,
        "has_start": any(row.inicio is not None for row in rows),
        "has_command": any(row.linea_comando or row.ejecutable for row in rows),
    }


def _matching(rows: Iterable[ProcessRow], text: str) -> list[ProcessRow]:
    return [
        row
        for row in rows
        if text == str(row.pid)
        or any(
            text in said.casefold()
            for said in (row.name, row.username, row.ejecutable, row.linea_comando)
            if said
        )
    ]


def _sort_key(value: str | int) -> tuple[str, str] | int:
    return value if isinstance(value, int) else (value.casefold(), value)


def _by_report(changes: Iterable[Change]) -> list[tuple[Change, list[Change]]]:
    """The changes of each report; the first of each stands for all, as to which report it was."""
    groups = [list(group) for _, group in groupby(changes, key=lambda change: change.after)]
    return [(group[0], group) for group in groups]


def _lifeline(life: Lifetime, span: tuple[int, int]) -> object:
    return lifeline(life.before, life.first, life.last, life.after, span)
