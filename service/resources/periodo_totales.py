"""/periodo/politicas, /periodo/controles, /periodo/servidores: what a period adds up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import falcon

from service import times
from service.http.filters import OF_PERIODS, period_filter
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.policies.rules.controls import FRAMEWORKS
from service.resources.periodo import about_period, beside_period, seconds
from service.resources.veredictos import how_far
from service.store.read.period_totals import PeriodTotals, Total
from service.store.read.periods import ANSWER_SECONDS, PeriodStore
from service.store.read.policies import PolicyStore

_AT_END = ("falla", "desconocido", "cumple", "no_aplica")
_TIMES = (
    "segundos_cumple",
    "segundos_falla",
    "segundos_desconocido",
    "segundos_no_aplica",
    "proporcion",
    "proporcion_de_lo_conocido",
    "falla_desde",
    "violaciones",
    "tardias",
    "tardios",
    "momento",
)
_OF_SERVERS = ("servidores", "veredicto", "exenta", *_AT_END, "exentas", *_TIMES)

Rows = Sequence[Sequence[object]]


def rules_of(totals: PeriodTotals) -> Rows:
    return [
        (rule.rule, rule.severity, *_of_servers(total)) for rule, total in totals.rules.values()
    ]


def controls_of(totals: PeriodTotals) -> Rows:
    return [
        (framework, control, " ".join(rules), *_of_servers(total))
        for (framework, control), (rules, total) in sorted(
            totals.controls.items(), key=lambda each: (FRAMEWORKS.index(each[0][0]), each[0][1])
        )
    ]


def servers_of(totals: PeriodTotals) -> Rows:
    return [
        (
            *each.server[:3],
            each.total.state,
            each.total.is_waived,
            *_times(each.total),
            seconds(each.server.silent_time),
            [
                {"desde": times.to_text(silence.since), "hasta": times.to_text(silence.until)}
                for silence in each.server.silences
            ],
        )
        for each in totals.servers
    ]


class PeriodTotalsList:
    """One of these lists, whole."""

    answer_seconds = ANSWER_SECONDS

    def __init__(
        self,
        periods: PeriodStore,
        policies: PolicyStore,
        name: str,
        columns: Sequence[str],
        rows: Callable[[PeriodTotals], Rows],
    ) -> None:
        self._periods, self._policies = periods, policies
        self._name, self._columns, self._rows = name, columns, rows

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *OF_PERIODS, FORMAT)
        progress, settled = self._policies.settled()
        known = self._periods.known(period_filter(query), settled.at)
        listing = Listing(
            self._name,
            self._columns,
            self._rows(self._periods.totals(known)),
            times={"falla_desde"},
            of=about_period(known) | how_far(progress),
            beside=beside_period(known),
        )
        show_whole(req, resp, query, listing)


def by_rule(periods: PeriodStore, policies: PolicyStore) -> PeriodTotalsList:
    columns = ("politica", "severidad", *_OF_SERVERS)
    return PeriodTotalsList(periods, policies, "politicas", columns, rules_of)


def by_control(periods: PeriodStore, policies: PolicyStore) -> PeriodTotalsList:
    columns = ("marco", "control", "reglas", *_OF_SERVERS)
    return PeriodTotalsList(periods, policies, "controles", columns, controls_of)


def by_server(periods: PeriodStore, policies: PolicyStore) -> PeriodTotalsList:
    of_server = ("servidor", "ip_server", "nombre_host", "veredicto", "exenta")
    columns = (*of_server, *_TIMES, "segundos_silencio", "silencios")
    return PeriodTotalsList(periods, policies, "servidores", columns, servers_of)


def _of_servers(total: Total) -> tuple[object, ...]:
    at_end = (total.at_end[state] for state in _AT_END)
    of_total = (total.servers, total.state, total.is_waived)
    return (*of_total, *at_end, total.waived, *_times(total))


def _times(total: Total) -> tuple[object, ...]:
    return (
        *(seconds(total.time(state)) for state in ("cumple", "falla", "desconocido", "no_aplica")),
        total.share,
        total.share_of_known,
        None if total.failing is None else total.failing.case_since_at,
        total.violations,
        total.late,
        total.late_sights,
        "cerrado" if total.is_closed else "abierto",
    )
