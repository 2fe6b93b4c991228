"""Processes: those of a record, those of the fleet at a moment, and where each name ever ran."""

from __future__ import annotations

import falcon

from service.http.filters import (
    AT_MOMENT,
    NAME,
    PID,
    STATE,
    TAG,
    USERNAME,
    moment_of,
    process_filter,
)
from service.http.listing import FORMAT, Listing, show_page, show_whole
from service.http.parameters import PAGING, Query
from service.resources.occurrences import (
    HISTORY,
    HISTORY_TIMES,
    OCCURRENCE_TIMES,
    OF_RECORD,
    SILENT_APART,
    STANDING,
    WHERE,
    beside,
    effort_of,
    occurrence_row,
    record_reference,
    state,
)
from service.store.read.occurrences import ProcessOccurrenceStore
from service.store.read.records import ProcessRow, RecordStore


class RecordProcesses:
    """`/servers/{id_serv}/procesos`."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, FORMAT)
        server, processes = self._records.processes(id_serv)
        listing = Listing("procesos", ProcessRow._fields, processes, of=record_reference(server))
        show_whole(req, resp, query, listing)


class ProcessOccurrences:
    """`/procesos`: now, or at `fecha_hora`."""

    columns = (
        *WHERE,
        "fecha_hora",
        *ProcessRow._fields,
        "visto_desde",
        "visto_hasta",
        *OF_RECORD,
        *STANDING,
    )

    def __init__(self, store: ProcessOccurrenceStore) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(
            req.query_string, NAME, USERNAME, PID, STATE, TAG, *AT_MOMENT, *PAGING, FORMAT
        )
        moment, criteria = moment_of(query), process_filter(query)
        page = self._store.page(
            criteria,
            moment,
            query.after,
            query.limit,
            silent=query[STATE],
            tag=query[TAG],
            effort=effort_of(req, resp, query),
        )
        listing = Listing(
            "procesos",
            self.columns,
            [occurrence_row(page.at, row) for row in page.rows],
            times=OCCURRENCE_TIMES,
            apart=SILENT_APART,
            beside=beside(moment, page.late),
        )
        show_page(req, resp, query, listing, page.after)


class ProcessHistories:
    """`/procesos/historial`: on which servers a name ever ran, from when to when."""

    columns = (*WHERE, NAME.name, USERNAME.name, *HISTORY)

    def __init__(self, store: ProcessOccurrenceStore) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, NAME, USERNAME, TAG, *PAGING, FORMAT)
        page = self._store.history(
            process_filter(query),
            query.after,
            query.limit,
            effort_of(req, resp, query),
            query[TAG],
        )
        rows = [(*row[:-2], state(silent=row.silent, retired=row.retired)) for row in page.rows]
        listing = Listing("historial", self.columns, rows, times=HISTORY_TIMES)
        show_page(req, resp, query, listing, page.after)
