"""POST /consulta: one SELECT of an administrator over the relations, now or at a moment."""

from __future__ import annotations

import falcon

from service import times
from service.errors import Fault, InvalidReportError
from service.http.asker import facts_of, is_abandoned
from service.http.filters import AT_MOMENT, STATE, moment_of
from service.http.listing import CUT_OFF, FORMAT, csv_is_wanted, show_csv
from service.http.parameters import Query
from service.http.request_body import read_body
from service.ingest.json_reader import read_json
from service.policies.queries.query_runner import QueryRunner, SqlQuery

_MAX_BYTES = 64 * 1024


class RunQuery:
    def __init__(self, queries: QueryRunner) -> None:
        self._queries = queries

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._queries.require_on()
        query = Query(req.query_string, *AT_MOMENT, STATE, FORMAT)
        wants_csv = csv_is_wanted(req, resp, query)
        sql = _statement(read_json(read_body(req, _MAX_BYTES)).value)
        asked = SqlQuery(sql, moment_of(query), of_silent=bool(query[STATE]))
        found = self._queries.answer(asked, facts_of(req), is_abandoned(req))
        resp.cache_control = ["no-store"]
        if wants_csv:
            show_csv(
                req, resp, found.columns, [*found.rows, *([[CUT_OFF]] if found.is_cut else [])]
            )
            return
        resp.media = {
            "fecha_hora": times.to_text(found.at),
            "columnas": found.columns,
            "filas": found.rows,
            "cortada": found.is_cut,
        }


def _statement(document: object) -> str:
    """Raises InvalidReportError."""
    if not isinstance(document, dict) or document.keys() != {"sql"}:
        raise InvalidReportError(Fault("", 'expected an object such as {"sql": "SELECT 1"}'))
    if not isinstance(document["sql"], str):
        raise InvalidReportError(Fault("/sql", "expected a text"))
    return document["sql"]
