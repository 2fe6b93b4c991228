"""Logins: those of a record, those of the fleet at a moment, and where each user ever logged in."""

from __future__ import annotations

import falcon

from service.http.filters import MOMENT, PID, USERNAME, login_filter
from service.http.listing import FORMAT, Listing, show_page, show_whole
from service.http.parameters import PAGING, Query
from service.resources.occurrences import (
    HISTORY,
    HISTORY_TIMES,
    OCCURRENCE_TIMES,
    WHERE,
    record_reference,
)
from service.store.read.occurrences import LoginOccurrenceStore
from service.store.read.records import LoginRow, RecordStore


class RecordLogins:
    """`/servers/{id_serv}/usuarios_activos`."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, FORMAT)
        server, logins = self._records.logins(id_serv)
        listing = Listing("usuarios_activos", LoginRow._fields, logins, of=record_reference(server))
        show_whole(req, resp, query, listing)


class LoginOccurrences:
    """`/usuarios_activos`: now, or at `fecha_hora`."""

    columns = (*WHERE, "fecha_hora", *LoginRow._fields, "visto_desde", "visto_hasta")

    def __init__(self, store: LoginOccurrenceStore) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, USERNAME, PID, MOMENT, *PAGING, FORMAT)
        moment, criteria = query[MOMENT], login_filter(query)
        if moment is None:
            page = self._store.now(criteria, query.after, query.limit)
        else:
            page = self._store.at(criteria, moment, query.after, query.limit)
        listing = Listing("usuarios_activos", self.columns, page.rows, times=OCCURRENCE_TIMES)
        show_page(req, resp, query, listing, page.after)


class LoginHistories:
    """`/usuarios_activos/historial`: on which servers a user ever logged in, from when to when."""

    columns = (*WHERE, USERNAME.name, *HISTORY)

    def __init__(self, store: LoginOccurrenceStore) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, USERNAME, *PAGING, FORMAT)
        page = self._store.history(login_filter(query), query.after, query.limit)
        listing = Listing("historial", self.columns, page.rows, times=HISTORY_TIMES)
        show_page(req, resp, query, listing, page.after)
