"""/resumen: counts over all servers, and the latest news."""

from __future__ import annotations

from collections.abc import Iterator

import falcon

from service import times
from service.end_of_life import SUPPORT_STATES
from service.http.listing import FORMAT, csv_is_wanted, show_csv
from service.http.parameters import Query
from service.store.read.fleet import FleetStore, News, ServerState, Summary
from service.store.read.usage_stats import Counts

_COLUMNS = ("grupo", "nombre", "version", "cuenta")


class FleetSummary:
    def __init__(self, fleet: FleetStore) -> None:
        self._fleet = fleet

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, FORMAT)
        summary = self._fleet.summary()
        if csv_is_wanted(req, resp, query):
            show_csv(req, resp, _COLUMNS, _counts(summary))
        else:
            resp.media = _document(summary)


def _document(summary: Summary) -> dict[str, object]:
    return {
        "fecha_hora": times.to_text(summary.at),
        "servidores": summary.servers,
        "al_dia": summary.servers - summary.silent,
        "silenciosos": summary.silent,
        "retirados": summary.retired,
        "por_sistema": [
            {"nombre_so": name, "version_so": version, "servidores": servers}
            for name, version, servers in summary.systems
        ],
        "por_soporte": [
            {"soporte": state, "servidores": summary.support.get(state, 0)}
            for state in SUPPORT_STATES
        ],
        "por_arquitectura": [
            {"arquitectura_proc": name, "servidores": servers}
            for name, servers in summary.architectures
        ],
        "informes_por_hora": [
            {"hora": times.to_text(hour), "informes": reports}
            for hour, reports in summary.reports_an_hour
        ],
        "recuento_de": times.to_text(summary.counted_at),
        "programas": _busiest("name", summary.programs),
        "usuarios": _busiest("username", summary.users),
        "servidores_silenciosos": [_silent(state) for state in summary.longest_silent],
        "reloj_adelantado_hasta": (
            None
            if summary.our_clock_was_ahead is None
            else times.to_text(summary.our_clock_was_ahead)
        ),
        "novedades": [_news(item) for item in summary.news],
    }


def _busiest(member: str, counts: Counts | None) -> list[dict[str, object]] | None:
    if counts is None:
        return None
    return [{member: name, "procesos": running} for name, running in counts]


def _silent(state: ServerState) -> dict[str, object]:
    return {
        "servidor": state.server_id,
        "id_serv": state.record.id_serv,
        "ipaddress": state.record.ipaddress,
        "nombre_host": state.record.nombre_host,
        "ultimo_contacto": times.to_text(state.heard_at or 0),
    }


def _news(item: News) -> dict[str, object]:
    return {
        "tipo": item.kind,
        "fecha_hora": times.to_text(item.at),
        "servidor": item.server_id,
        "id_serv": item.id_serv,
        "ip_server": item.ip_server,
        "nombre_host": item.nombre_host,
        "name": None if item.kind == "servidor_retirado" else item.subject,
        "cambios": [
            {"atributo": attribute, "antes": before, "despues": after}
            for attribute, before, after in item.changed
        ],
        "motivo": item.subject if item.kind == "servidor_retirado" else None,
    }


def _counts(summary: Summary) -> Iterator[tuple[object, ...]]:
    """The counts of the document, one a line; members that count nothing are left out."""
    yield "servidores", None, None, summary.servers
    yield "al_dia", None, None, summary.servers - summary.silent
    yield "silenciosos", None, None, summary.silent
    yield "retirados", None, None, summary.retired
    for name, version, servers in summary.systems:
        yield "por_sistema", name, version, servers
    for state in SUPPORT_STATES:
        yield "por_soporte", state, None, summary.support.get(state, 0)
    for name, servers in summary.architectures:
        yield "por_arquitectura", name, None, servers
    for hour, reports in summary.reports_an_hour:
        yield "informes_por_hora", times.to_text(hour), None, reports
    for program, running in summary.programs or ():
        yield "programas", program, None, running
    for user, running in summary.users or ():
        yield "usuarios", user, None, running
