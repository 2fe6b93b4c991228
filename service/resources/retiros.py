"""/servers/{id_serv}/retiros: when a server was retired and came back; administrators retire it."""

from __future__ import annotations

import falcon

from service.errors import Fault, InvalidReportError
from service.http.asker import told_by
from service.http.filters import AT_MOMENT, moment_of
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.http.request_body import is_row_number, read_body
from service.ingest.json_reader import read_json
from service.store.read.history import HistoryStore
from service.store.read.retirements import RetirementStore
from service.store.write.retirement_changes import Retirements

_MAX_BYTES = 10_000
_COLUMNS = ("servidor", "dicha", "motivo", "por", "sucesor", "vuelve_en")


class RecordRetirements:
    def __init__(
        self, history: HistoryStore, retirements: RetirementStore, changes: Retirements
    ) -> None:
        self._history, self._retirements, self._changes = history, retirements, changes

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        """Its own, and those of servers whose place it took; the newest first."""
        query = Query(req.query_string, *AT_MOMENT, FORMAT)
        server_id = self._history.server_of(id_serv)
        rows = self._retirements.of_server(server_id, moment_of(query))
        show_whole(req, resp, query, Listing("retiros", _COLUMNS, rows, times=("dicha",)))

    def on_post(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        reason, successor_id = _told(read_json(read_body(req, _MAX_BYTES)).value)
        server_id = self._history.server_of(id_serv)
        self._changes.retire(server_id, reason, told_by(req), successor_id)
        resp.status = falcon.HTTP_201
        resp.location = f"/servers/{id_serv}/retiros"


def _told(document: object) -> tuple[str, int | None]:
    """Why, and the number of the server that took its place. Raises InvalidReportError."""
    is_known = isinstance(document, dict) and {"motivo"} <= document.keys() <= {"motivo", "sucesor"}
    if not isinstance(document, dict) or not is_known:
        raise InvalidReportError(Fault("", 'expected an object such as {"motivo": "sold"}'))
    reason, successor = document["motivo"], document.get("sucesor")
    if not isinstance(reason, str):
        raise InvalidReportError(Fault("/motivo", "expected a text"))
    if successor is not None and not is_row_number(successor):
        raise InvalidReportError(Fault("/sucesor", "expected the number of a server, or null"))
    return reason, successor
