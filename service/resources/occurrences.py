"""Over the whole fleet: where something runs, ran at a moment, or has ever been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import falcon

from service.http.filters import MOMENT, PID, matching
from service.http.listing import FORMAT, Listing, show_page
from service.http.parameters import PAGING, Parameter, Query
from service.store.read.occurrences import OccurrenceStore

_WHERE = ("servidor", "id_serv", "ip_server", "nombre_host")
_TIMES = {"fecha_hora", "inicio", "desde", "visto_desde", "visto_hasta"}
_TIMES_EVER = {"primera_vez", "ultima_vez"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What is looked for: processes, or logins."""

    name: str
    names: tuple[Parameter[str], ...]  # that it is looked for by
    columns: Sequence[str]  # of one in a record


class Seen:
    """Now or at a moment."""

    def __init__(self, store: OccurrenceStore[Any, Any], kind: Kind) -> None:
        self._store = store
        self._kind = kind
        self._columns = (*_WHERE, "fecha_hora", *kind.columns, "visto_desde", "visto_hasta")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *self._kind.names, PID, MOMENT, *PAGING, FORMAT)
        moment = query[MOMENT]
        if moment is None:
            page = self._store.now(matching(query), query.after, query.limit)
        else:
            page = self._store.at(matching(query), moment, query.after, query.limit)
        listing = Listing(self._kind.name, self._columns, page.rows, times=_TIMES)
        show_page(req, resp, query, listing, page.after)


class OccurrenceHistory:
    """On which servers it was ever seen, from when to when."""

    def __init__(self, store: OccurrenceStore[Any, Any], kind: Kind) -> None:
        self._store = store
        self._names = kind.names
        names = [parameter.name for parameter in kind.names]
        self._columns = (*_WHERE, *names, "primera_vez", "ultima_vez", "en_curso")

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *self._names, *PAGING, FORMAT)
        page = self._store.ever(matching(query), query.after, query.limit)
        listing = Listing("historial", self._columns, page.rows, times=_TIMES_EVER)
        show_page(req, resp, query, listing, page.after)
