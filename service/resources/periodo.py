"""/periodo: for how long each rule passed, failed or was unknown on each server."""

from __future__ import annotations

import falcon

from service import times
from service.http.filters import KNOWN_AT, OF_PERIODS, period_filter
from service.http.listing import FORMAT, Listing, csv_is_wanted, show_page, stream_csv
from service.http.parameters import PAGING, Query
from service.resources.veredictos import bound_cells, bound_columns, bound_times, how_far
from service.store.read.period_filter import Known
from service.store.read.period_rows import PeriodRow
from service.store.read.periods import PeriodStore
from service.store.read.policies import PolicyStore
from service.times import SECOND

_BOUNDS = ("abierta_tras", "abierta_en")
_COLUMNS = (
    "servidor",
    "ip_server",
    "nombre_host",
    "politica",
    "severidad",
    "controles",
    "juzgada_desde",
    "segundos_cumple",
    "segundos_falla",
    "segundos_desconocido",
    "segundos_no_aplica",
    "segundos_sin_evaluar",
    "desconocido_por",
    "no_aplica_por",
    "proporcion",
    "proporcion_de_lo_conocido",
    "veredicto",
    "razon",
    "exenta",
    "exencion",
    "falla_desde",
    *bound_columns(*_BOUNDS),
    "violaciones",
    "tardias",
    "tardios",
    "momento",
)
_TIMES = bound_times(*_BOUNDS) | {"juzgada_desde", "falla_desde"}


class PeriodVerdicts:
    def __init__(self, periods: PeriodStore, policies: PolicyStore) -> None:
        self._periods, self._policies = periods, policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *OF_PERIODS, *PAGING, FORMAT)
        criteria = period_filter(query)
        progress, settled = self._policies.settled()
        known = self._periods.known(criteria, settled.at)
        shared = about_period(known) | how_far(progress)
        if csv_is_wanted(req, resp, query):
            listing = Listing("veredictos", _COLUMNS, (), times=_TIMES, of=shared)
            batches = self._periods.batches(known, query.after)
            rows = ([_row(row, known) for row in batch] for batch in batches)
            stream_csv(req, resp, listing, rows)
            return
        page = self._periods.page(known, query.after, query.limit)
        listing = Listing(
            "veredictos",
            _COLUMNS,
            [_row(row, known) for row in page.rows],
            times=_TIMES,
            of=shared,
            beside=beside_period(known),
        )
        show_page(req, resp, query, listing, page.after)


def about_period(known: Known) -> dict[str, object]:
    """From where to where it counts, and what is known at all."""
    return {
        "desde": times.to_text(known.since),
        "hasta": _text(known.criteria.until),
        "primer_veredicto": _text(known.begins_at),
        "juzgado_hasta": times.to_text(known.until),
        "segundos": seconds(known.length),
    }


def beside_period(known: Known) -> dict[str, object]:
    return {
        KNOWN_AT.name: _text(known.criteria.known_at),
        "segundos_sordo": seconds(known.deaf_time),
        "exenciones": [
            {
                "id": waiver.id,
                "politica": waiver.rule,
                "motivo": waiver.reason,
                "dicha": times.to_text(waiver.at),
                "hasta": times.to_text(waiver.until_at),
                "revocada": _text(waiver.revoked_at),
            }
            for waiver in known.waivers
        ],
        "sordo": [
            {"desde": times.to_text(span.since), "hasta": _text(span.until)} for span in known.deaf
        ],
    }


def _row(row: PeriodRow, known: Known) -> list[object]:
    found = row.failing
    return [
        *row.server[:3],
        row.rule.rule,
        row.rule.severity,
        row.rule.controls,
        row.judged_from,
        *(seconds(row.time(state)) for state in ("cumple", "falla", "desconocido", "no_aplica")),
        seconds(known.length - sum(row.times.values())),
        _by_reason(row, "desconocido"),
        _by_reason(row, "no_aplica"),
        row.share,
        row.share_of_known,
        *((None, None) if row.last is None else (row.last.state, row.last.reason)),
        row.waiver is not None if row.history.state == "falla" else None,
        None if row.waiver is None else row.waiver.id,
        None if found is None else found.case_since_at,
        *bound_cells(None if found is None else found.opened_after),
        *bound_cells(None if found is None else found.opened_in),
        row.violations,
        row.late,
        row.late_sights,
        "cerrado" if row.is_closed else "abierto",
    ]


def _by_reason(row: PeriodRow, state: str) -> dict[str, object]:
    """Seconds by the reason of a verdict."""
    return {
        str(reason): seconds(time)
        for (found, reason), time in sorted(row.times.items(), key=str)
        if found == state
    }


def seconds(microseconds: int) -> int | float:
    whole, rest = divmod(microseconds, SECOND)
    return microseconds / SECOND if rest else whole


def _text(moment: int | None) -> str | None:
    return None if moment is None else times.to_text(moment)
