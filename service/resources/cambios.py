"""/servers/{id_serv}/cambios: changes of a server, each between two of its records."""

from __future__ import annotations

import falcon

from service.http.filters import IN_PERIOD, period_of
from service.http.listing import FORMAT, Listing, show_page
from service.http.parameters import PAGING, Query
from service.store.read.changes import Change
from service.store.read.history import HistoryStore

_COLUMNS = (
    "tipo",
    "id_serv_antes",
    "fecha_hora_antes",
    "id_serv_despues",
    "fecha_hora_despues",
    "pid",
    "name",
    "username",
    "atributo",
    "valor_antes",
    "valor_despues",
    "lugar_antes",
    "lugar_despues",
)
_TIMES = {"fecha_hora_antes", "fecha_hora_despues", "lugar_antes", "lugar_despues"}


class Changes:
    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, *IN_PERIOD, *PAGING, FORMAT)
        server_id = self._history.server_of(id_serv)
        page = self._history.changes(server_id, period_of(query), query.after, query.limit)
        rows = [_row(change) for change in page.changes]
        listing = Listing("cambios", _COLUMNS, rows, times=_TIMES, of={"servidor": server_id})
        show_page(req, resp, query, listing, page.after)


def _row(change: Change) -> tuple[object, ...]:
    return (
        change.kind,
        *(change.before or (None, None))[:2],
        *change.after[:2],
        change.pid,
        change.name,
        change.username,
        change.attribute,
        change.value_before,
        change.value_after,
        change.before.placed_at if change.before else None,
        change.after.placed_at,
    )
