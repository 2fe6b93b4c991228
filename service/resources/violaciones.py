"""/violaciones: what fails or failed, between which reports, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import falcon

from service import times
from service.http.authentication import sees_command_lines
from service.http.filters import AT_MOMENT, OF_VIOLATIONS, SINCE, UNTIL, moment_of, violation_filter
from service.http.listing import FORMAT, Listing, csv_is_wanted, show_page, stream_csv
from service.http.parameters import PAGING, Query
from service.resources.veredictos import (
    asked_moment,
    bound_cells,
    bound_columns,
    bound_times,
    how_far,
)
from service.store.past_openings import PastOpening
from service.store.read.moments import Moment
from service.store.read.policies import PolicyStore
from service.store.read.violations import ViolationRow, ViolationStore

_BOUNDS = ("abierta_tras", "abierta_en", "confirmada_en", "vista", "resuelta_en")
_COLUMNS = (
    "id",
    "politica",
    "version",
    "hash",
    "severidad",
    "servidor",
    "ip_server",
    "nombre_host",
    "id_clonado",
    "tipo",
    "clave",
    "estado",
    "razon",
    *bound_columns(*_BOUNDS),
    "fin",
    "recaidas",
    "fugaz",
    "tardia",
    "tardios",
    "hay_mas_tardios",
    "en_gracia",
    "exenta",
    "exencion",
    "anterior",
    "continua_de",
    "falla_desde",
    "segun_registros",
    "motivo_es",
    "motivo_en",
    "filas",
    "evidencia",
    "reservada",
)
_TIMES = bound_times(*_BOUNDS) | {"falla_desde"}


class Violations:
    def __init__(self, violations: ViolationStore, policies: PolicyStore) -> None:
        self._violations = violations
        self._policies = policies

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        parameters = (*OF_VIOLATIONS, *AT_MOMENT, SINCE, UNTIL)
        query = Query(req.query_string, *parameters, *PAGING, FORMAT)
        criteria, shows_all = violation_filter(query), sees_command_lines(req)
        # How far servers are judged is read first: the list may know more, never less.
        progress = how_far(self._policies.progress())
        if csv_is_wanted(req, resp, query):
            batches = self._violations.batches(criteria, query.after)
            listing = Listing("violaciones", _COLUMNS, (), times=_TIMES, of=progress)
            rows = ([_row(row, shows_all) for row in batch] for batch in batches)
            stream_csv(req, resp, listing, rows)
            return
        page = self._violations.page(criteria, query.after, query.limit)
        listing = violations_listing(
            page.violations, progress, moment_of(query), shows_all=shows_all
        )
        show_page(req, resp, query, listing, page.after)


def violations_listing(
    rows: Sequence[ViolationRow],
    progress: Mapping[str, object],
    moment: Moment | None,
    *,
    shows_all: bool,
) -> Listing:
    """shows_all: also the rows of rules that read command lines."""
    return Listing(
        "violaciones",
        _COLUMNS,
        [_row(row, shows_all) for row in rows],
        times=_TIMES,
        of=progress,
        beside=asked_moment(moment),
    )


def _row(row: ViolationRow, shows_all: bool) -> list[object]:
    hidden = row.command_lines and not shows_all
    bounds = (row.opened_after, row.opened_in, row.confirmed, row.seen, row.ended)
    return [
        row.digest,
        row.rule,
        row.version,
        row.text_hash,
        row.severity,
        row.server_id,
        row.ip_server,
        row.nombre_host,
        row.is_cloned,
        row.kind,
        None if hidden else row.key,
        state_of(row),
        row.unknown_because if row.is_open else None,
        *(cell for bound in bounds for cell in bound_cells(bound)),
        row.ended_as,
        row.relapses,
        not row.is_open and row.confirmed is None,
        row.is_late,
        [
            {
                "id_serv": sight.report_id,
                "fecha_hora": times.to_text(sight.at),
                "recibido": times.to_text(sight.received_at),
            }
            for sight in row.late
        ],
        row.has_more_late,
        row.in_grace,
        row.waiver is not None,
        None if row.waiver is None else row.waiver.id,
        row.former,
        row.continues,
        row.case_since_at,
        _by_records(row.past),
        None if hidden else row.motive_es,
        None if hidden else row.motive_en,
        row.total,
        None if hidden else row.evidence,
        hidden,
    ]


def _by_records(past: PastOpening | None) -> dict[str, object] | None:
    """Since when it was open by the records from before the text, of which nobody was told."""
    if past is None:
        return None
    return {
        "tras": None if past.after_at is None else times.to_text(past.after_at),
        "desde": times.to_text(past.opened_at),
        "estimado": past.is_estimate,
        "comunicado": False,
    }


def state_of(row: ViolationRow) -> str:
    """abierta: the server fails. desconocida: it goes on, but its newest verdict is unknown."""
    if not row.is_open:
        return "cerrada"
    return "abierta" if row.unknown_because is None else "desconocida"
