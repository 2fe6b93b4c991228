"""Columns and members that answers about servers, processes and logins share."""

from __future__ import annotations

from collections.abc import Sequence

import falcon

from service import times
from service.http.filters import KNOWN_AT, MOMENT
from service.http.listing import csv_is_wanted
from service.http.parameters import Query
from service.store.read.moments import LateRecords, Moment
from service.store.read.occurrence_rows import LoginOccurrence, ProcessOccurrence
from service.store.read.records import ServerRow
from service.store.read.walk import OF_A_FILE, OF_A_PAGE, Effort

WHERE = ("servidor", "id_serv", "ip_server", "nombre_host")
STANDING = ("estado", "antiguedad", "momento", "con_tardios")
OF_RECORD = ("recibido", "reloj", "zona")
OCCURRENCE_TIMES = frozenset(
    {"fecha_hora", "inicio", "desde", "visto_desde", "visto_hasta", "recibido"}
)
HISTORY = ("primera_vez", "ultima_vez", "en_curso", "ultimo_contacto", "estado")
HISTORY_TIMES = frozenset({"primera_vez", "ultima_vez", "ultimo_contacto"})
SILENT = "silencioso"
SILENT_APART = ("estado", SILENT, "silenciosos")


def record_reference(server: ServerRow) -> dict[str, object]:
    """The members that all rows of one record share."""
    return {
        "id_serv": server.id_serv,
        "ip_server": server.ipaddress,
        "fecha_hora": server.fecha_hora,
        "recibido": server.recibido,
        "reloj": server.reloj,
        "zona": server.zona,
    }


def standing(  # noqa: PLR0913 — all that is said of a server at a moment
    at: int,
    heard_at: int | None,
    *,
    silent: bool,
    is_open: bool,
    has_late: bool,
    retired: bool = False,
) -> tuple[object, ...]:
    """The columns STANDING. Only a server that is gone has an age, so that others stay alike."""
    is_gone = silent or retired
    age = (at - heard_at) // times.SECOND if is_gone and heard_at is not None else None
    shown = state(silent=silent, retired=retired)
    return shown, age, "abierto" if is_open else "cerrado", has_late


def state(*, silent: bool, retired: bool = False) -> str:
    if retired:
        return "retirado"
    return SILENT if silent else "al_dia"


def occurrence_row(at: int, row: ProcessOccurrence | LoginOccurrence) -> tuple[object, ...]:
    """An occurrence, with the columns OF_RECORD and STANDING."""
    facts: Sequence[object] = row[: row._fields.index("zone")]
    return (
        *facts,
        None if row.zone is None else times.offset_to_text(row.zone),
        *standing(at, row.heard_at, silent=row.silent, is_open=row.open, has_late=row.has_late),
    )


def effort_of(req: falcon.Request, resp: falcon.Response, query: Query) -> Effort:
    """The work of an answer. A file is read as a whole, and goes on for longer before it ends."""
    return OF_A_FILE if csv_is_wanted(req, resp, query) else OF_A_PAGE


def beside(moment: Moment | None, late: LateRecords) -> dict[str, object]:
    """The members that stand beside the rows of an answer now or at a moment."""
    at, known_at = moment or (None, None)
    return {
        MOMENT.name: None if at is None else times.to_text(at),
        KNOWN_AT.name: None if known_at is None else times.to_text(known_at),
        "tardios": [
            {
                "servidor": record.server_id,
                "id_serv": record.id_serv,
                "fecha_hora": times.to_text(record.taken_at),
                "recibido": times.to_text(record.received_at),
            }
            for record in late.records
        ],
        "hay_mas_tardios": late.more,
    }
