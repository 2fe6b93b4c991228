"""/servers/{id_serv}/historial: all records of one server."""

from __future__ import annotations

import falcon

from service.http.filters import IN_PERIOD, period_of
from service.http.listing import FORMAT, Listing, show_page
from service.http.parameters import PAGING, Query
from service.store.read.history import HistoryStore
from service.store.read.records import ServerRow

_COLUMNS = (*ServerRow._fields, "tardio", "lugar")


class RecordHistory:
    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, *IN_PERIOD, *PAGING, FORMAT)
        server_id = self._history.server_of(id_serv)
        page = self._history.records(server_id, period_of(query), query.after, query.limit)
        rows = [(*item.record, item.late, item.placed_at) for item in page.records]
        of = {"servidor": server_id}
        listing = Listing("historial", _COLUMNS, rows, times={"lugar"}, of=of)
        show_page(req, resp, query, listing, page.after)
