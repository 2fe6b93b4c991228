"""/exenciones: rules that administrators waive for a time; they tell and revoke them."""

from __future__ import annotations

from typing import Any

import falcon
import orjson

from service.errors import Fault, InvalidReportError
from service.http.asker import told_by
from service.http.authentication import sees_command_lines
from service.http.filters import AT_MOMENT, POLICY, WAIVER_STATE, moment_of
from service.http.listing import FORMAT, Listing, csv_is_wanted, document_of, show_whole
from service.http.parameters import Query
from service.http.request_body import is_row_number, read_body
from service.ingest.json_reader import read_json
from service.resources.veredictos import asked_moment
from service.store.read.waivers import ShownWaiver, WaiverStore
from service.store.waiver_format import end_of, target_of
from service.store.write.waiver_changes import NewWaiver, Waivers

_MAX_BYTES = 20_000
_COLUMNS = (
    "id",
    "politica",
    "servidor",
    "etiqueta",
    "red",
    "clave",
    "motivo",
    "por",
    "dicha",
    "hasta",
    "revocada",
    "revocada_por",
    "estado",
    "violaciones",
    "servidores",
    "reservada",
)
_TIMES = ("dicha", "hasta", "revocada")
_EXAMPLE = (
    'expected an object such as {"politica": "servicio-ftp", "servidor": 3, "motivo": "…",'
    ' "hasta": "2026-12-31"}'
)
_NEEDED = {"politica", "motivo", "hasta"}
_MEMBERS = _NEEDED | {"servidor", "etiqueta", "red", "clave"}


class WaiverList:
    def __init__(self, waivers: WaiverStore, changes: Waivers) -> None:
        self._waivers, self._changes = waivers, changes

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Every waiver, the newest first, as of now or as it was at a moment."""
        query = Query(req.query_string, POLICY, WAIVER_STATE, *AT_MOMENT, FORMAT)
        moment = moment_of(query)
        rule, state = query[POLICY], query[WAIVER_STATE]
        found = [
            shown
            for shown in self._waivers.all(moment)
            if rule in {None, shown.waiver.rule} and state in {None, shown.state}
        ]
        is_csv = csv_is_wanted(req, resp, query)
        rows = [_row(shown, sees_command_lines(req), is_csv=is_csv) for shown in found]
        listing = Listing("exenciones", _COLUMNS, rows, times=_TIMES, beside=asked_moment(moment))
        show_whole(req, resp, query, listing)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        new = _new(read_json(read_body(req, _MAX_BYTES)).value)
        number = self._changes.waive(new, told_by(req))
        resp.status = falcon.HTTP_201
        resp.location = f"/exenciones/{number}"
        resp.media = {"id": number}


class OneWaiver:
    def __init__(self, waivers: WaiverStore, changes: Waivers) -> None:
        self._waivers, self._changes = waivers, changes

    def on_get(self, req: falcon.Request, resp: falcon.Response, waiver_id: int) -> None:
        query = Query(req.query_string, *AT_MOMENT)
        shown = self._waivers.one(waiver_id, moment_of(query))
        row = _row(shown, sees_command_lines(req), is_csv=False)
        document: Any = document_of(Listing("exenciones", _COLUMNS, [row], times=_TIMES))
        resp.media = document["exenciones"][0]

    def on_delete(self, req: falcon.Request, resp: falcon.Response, waiver_id: int) -> None:
        """It ends now; that it held until then stays."""
        self._changes.revoke(waiver_id, told_by(req))
        resp.status = falcon.HTTP_204


def _row(shown: ShownWaiver, shows_all: bool, *, is_csv: bool) -> tuple[object, ...]:
    waiver = shown.waiver
    hidden = shown.is_reserved and waiver.key is not None and not shows_all
    key = None if hidden or waiver.key is None else waiver.key
    return (
        waiver.id,
        waiver.rule,
        waiver.server_id,
        waiver.tag,
        waiver.network,
        key if is_csv or key is None else orjson.loads(key),
        waiver.reason,
        waiver.told_by,
        waiver.at,
        waiver.until_at,
        waiver.revoked_at,
        waiver.revoked_by,
        shown.state,
        shown.violations,
        shown.servers,
        hidden,
    )


def _new(document: object) -> NewWaiver:
    """Raises InvalidReportError, InvalidParameterError."""
    if not isinstance(document, dict) or not _NEEDED <= document.keys() <= _MEMBERS:
        raise InvalidReportError(Fault("", _EXAMPLE))
    texts = {name: document.get(name) for name in (*_NEEDED, "etiqueta", "red")}
    faults = [
        Fault(f"/{name}", "expected a text")
        for name, value in sorted(texts.items())
        if not isinstance(value, str) and (value is not None or name in _NEEDED)
    ]
    server, key = document.get("servidor"), document.get("clave")
    if server is not None and not is_row_number(server):
        faults.append(Fault("/servidor", "expected the number of a server"))
    if key is not None and not isinstance(key, dict):
        faults.append(Fault("/clave", "expected an object of columns and values"))
    if faults:
        raise InvalidReportError(*faults)
    return NewWaiver(
        document["politica"],
        target_of(server, texts["etiqueta"], texts["red"]),
        end_of(document["hasta"]),
        document["motivo"],
        key,
    )
