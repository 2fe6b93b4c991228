"""/servidor/{servidor}: one server at a time: its processes, its logins and its changes so far."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

import falcon

from service import times
from service.http.filters import AT_MOMENT, KNOWN_AT, SEARCH, moment_of
from service.http.parameters import CURSOR, Parameter, Query, choice, integer, time
from service.pages import as_sql
from service.pages.charts import DAY, HOUR, SECOND, lifeline, ticks
from service.pages.formats import ceil_seconds
from service.pages.language import request_language
from service.pages.rule_words import (
    WORST_FIRST,
    Words,
    links_to_moment,
    shown_moment,
    words_of,
)
from service.pages.site import PageQuery, Site
from service.store.past_openings import PastOpeningStore
from service.store.read.changes import Change, Period
from service.store.read.fleet import FleetStore
from service.store.read.history import Around, HistoryStore
from service.store.read.moments import Moment
from service.store.read.policies import PolicyRow, PolicyStore
from service.store.read.records import ProcessRow, RecordStore, ServerRow
from service.store.read.retirements import RetirementStore
from service.store.read.tags import TagStore
from service.store.read.verdict_at import VerdictRow

_SINCE = time("desde")
_INSTANT = integer("instante", 0, times.LAST // SECOND)  # the value of the slider, in seconds
_SORT_COLUMNS = ("pid", "name", "username", "inicio")
_ORDER = choice(
    "orden",
    {sign + column: (column, bool(sign)) for column in _SORT_COLUMNS for sign in ("", "-")},
)
_PARAMETERS: tuple[Parameter[Any], ...] = (*AT_MOMENT, _SINCE, SEARCH, _ORDER, CURSOR)

_PERIODS = (HOUR, 6 * HOUR, DAY, 7 * DAY)
_DEFAULT_PERIOD = DAY
_MAX_PROCESSES = 2000
_MAX_LIFETIMES = 100
_MAX_TICKS = 8
_STATES = ("falla", "desconocido", "cumple", "no_aplica", None)


class ServerPage:
    def __init__(  # noqa: PLR0913, PLR0917 — its collaborators
        self,
        site: Site,
        fleet: FleetStore,
        history: HistoryStore,
        records: RecordStore,
        policies: PolicyStore,
        retirements: RetirementStore,
        tags: TagStore,
        *,
        past: PastOpeningStore,
        clock: Callable[[], int],
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._history = history
        self._records = records
        self._policies = policies
        self._past = past
        self._retirements = retirements
        self._tags = tags
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response, server_id: int) -> None:
        query = self._site.query(req, resp, *_PARAMETERS, _INSTANT)
        instant = query[_INSTANT]
        if instant is not None:
            # A slider can only send a number; an address that people share has a date.
            text = times.to_text(instant * SECOND)[:19]
            changes = {"instante": None, "fecha_hora": text, "cursor": None}
            raise falcon.HTTPSeeOther(query.address(req.path, **changes))
        moment = moment_of(query)
        around = self._history.around(server_id, moment)
        common: dict[str, object] = {
            "server_id": server_id,
            "moment": moment,
            "at_moment": query.at_moment,
            "around": around,
            "values": {parameter.name: query.text(parameter) for parameter in _PARAMETERS},
            "known": {KNOWN_AT.name: query.text(KNOWN_AT)} if query[KNOWN_AT] else {},
            "address": query.address,
            "path": req.path,
            "slider": _slider(around, moment),
        }
        if around.shown is None:
            state = self._fleet.server(server_id, None)
            self._site.show(req, resp, "server_unknown.html", **common, state=state)
            return
        record = self._records.record(around.shown.id_serv)
        state = self._fleet.server(server_id, moment)
        self._site.show(
            req,
            resp,
            "server.html",
            **common,
            state=state,
            record=record,
            tags=self._tags.of_server(server_id, moment),
            can_tell=req.context.is_admin and moment is None,
            retirements=self._retirements.of_server(server_id, moment),
            successors={} if moment else self._retirements.likely_successors(server_id),
            processes_as_sql=None
            if query[SEARCH] or state.retired
            else as_sql.processes_of_server(server_id, query, silent=state.silent),
            logins_as_sql=None
            if state.retired
            else as_sql.logins_of_server(server_id, query, silent=state.silent),
            now=self._clock() if moment is None else moment.at,
            late=self._fleet.late_records(server_id, moment),
            clock=_clock_error(record.server, around),
            **self._compliance(server_id, query, request_language(req)),
            **_process_table(record.processes, query),
            **self._activity(server_id, around, query),
        )

    def _compliance(self, server_id: int, query: PageQuery, language: str) -> dict[str, object]:
        """What each rule says of the server, the worst first. Numbers and their lists agree."""
        progress = self._policies.progress_of(server_id)
        asked = moment_of(query)
        moment = shown_moment(asked, self._policies.settled()[1])
        found = self._policies.of_server(server_id, moment)
        verdicts = [
            (policy, words_of(policy, language), found.verdicts.get(policy.rule))
            for policy in found.policies
            if policy.retired_at is None or policy.rule in found.verdicts
        ]
        states = Counter(None if verdict is None else verdict.state for *_, verdict in verdicts)
        return {
            "progress": progress,
            "rules_at": urlencode(links_to_moment(query, moment)),
            "rules": sorted(verdicts, key=_worst_first),
            "states": states,
            "waived_rules": sum(
                verdict is not None and verdict.waiver is not None for *_, verdict in verdicts
            ),
            "has_open_unknown": any(
                verdict is not None and verdict.state == "desconocido"
                for policy, _, verdict in verdicts
                if policy.rule in found.open_violations
            ),
            "open_violations": defaultdict(int, found.open_violations),
            "judged_since": defaultdict(int, found.judged_since),
            "past": self._past.first(server_id=server_id) if asked is None else {},
        }

    def _activity(self, server_id: int, around: Around, query: Query) -> dict[str, object]:
        """Changes and lifetimes of the chosen period, which ends at the time shown."""
        moment, chosen = moment_of(query), query[_SINCE]
        until = around.last.placed_at if moment is None else moment.at
        if chosen is not None and chosen >= until:
            # The reader moved to a time before the chosen period.
            raise falcon.HTTPSeeOther(query.address(_path(server_id), desde=None, cursor=None))
        since = _default_since(around, until) if chosen is None else chosen
        period = Period(since, until, query[KNOWN_AT])
        page = self._history.changes(server_id, period, query.after, query.limit, newest_first=True)
        lifetimes = self._history.lifetimes(server_id, period, _MAX_LIFETIMES, query[SEARCH])
        older = query.address_after(_path(server_id), page.after) if page.after else None
        return {
            "since": since,
            "until": until,
            "periods": [
                (times.to_text(max(until - length, 0)), length, _is_chosen(chosen, until, length))
                for length in _PERIODS
            ],
            "changes": _by_report(page.changes),
            "older_changes": older,
            "lifetimes": lifetimes,
            "lifelines": [
                (life, lifeline(life.before, life.first, life.last, life.after, (since, until)))
                for life in lifetimes.spans
            ],
            "ticks": ticks(since, until, _MAX_TICKS),
        }


def _worst_first(row: tuple[PolicyRow, Words, VerdictRow | None]) -> tuple[int, int, str]:
    policy, _, verdict = row
    state = None if verdict is None else verdict.state
    return _STATES.index(state), WORST_FIRST.index(policy.severity), policy.rule


def _path(server_id: int) -> str:
    return f"/servidor/{server_id}"


def _default_since(around: Around, until: int) -> int:
    since = max(until - _DEFAULT_PERIOD, 0)
    return max(since, around.first.placed_at) if around.first.placed_at < until else since


def _is_chosen(since: int | None, until: int, length: int) -> bool:
    return length == _DEFAULT_PERIOD if since is None else since == max(until - length, 0)


def _slider(around: Around, moment: Moment | None) -> dict[str, int] | None:
    """Range and position in seconds; null if the server has a single report."""
    low, high = ceil_seconds(around.first.placed_at), ceil_seconds(around.last.placed_at)
    if low == high:
        return None
    value = high if moment is None else min(max(ceil_seconds(moment.at), low), high)
    return {"low": low, "high": high, "value": value}


class ClockError(NamedTuple):
    """What is wrong with the clock of a server, as its record shows it."""

    ahead: int  # microseconds; below 0, it is behind
    stands_still: bool


def _clock_error(server: ServerRow, around: Around) -> ClockError | None:
    if server.reloj is None:
        return None
    taken_at = times.parse(server.fecha_hora)
    before = around.previous
    return ClockError(
        taken_at - times.parse(server.recibido),
        stands_still=before is not None and before.taken_at == taken_at,
    )


def _process_table(rows: Sequence[ProcessRow], query: Query) -> dict[str, object]:
    """The processes that match the search, in the requested order; unknown values come last."""
    search, (column, descending) = query[SEARCH], query[_ORDER] or ("pid", False)
    found = list(rows) if search is None else _search(rows, search.casefold())
    of_column = attrgetter(column)
    known = [row for row in found if of_column(row) is not None]
    unknown = [row for row in found if of_column(row) is None]
    known.sort(key=lambda row: _sort_key(of_column(row)), reverse=descending)
    return {
        "processes": (known + unknown)[:_MAX_PROCESSES],
        "found": len(found),
        "sort_column": column,
        "descending": descending,
        "has_start": any(row.inicio is not None for row in rows),
        "has_command": any(row.linea_comando or row.ejecutable for row in rows),
    }


def _search(rows: Iterable[ProcessRow], text: str) -> list[ProcessRow]:
    return [
        row
        for row in rows
        if text == str(row.pid)
        or any(
            text in value.casefold()
            for value in (row.name, row.username, row.ejecutable, row.linea_comando)
            if value
        )
    ]


def _sort_key(value: str | int) -> tuple[str, str] | int:
    return value if isinstance(value, int) else (value.casefold(), value)


def _by_report(changes: Iterable[Change]) -> list[tuple[Change, list[Change]]]:
    """The changes of each report, with the first one, which has the times of the reports."""
    groups = [list(group) for _, group in groupby(changes, key=lambda change: change.after)]
    return [(group[0], group) for group in groups]
