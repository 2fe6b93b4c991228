"""/servers/{id_serv}/procesos, /procesos: processes of a record, and of the fleet."""

from __future__ import annotations

import falcon

from service.http.filters import NAME, USERNAME
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.resources.occurrences import Kind
from service.store.read.records import ProcessRow, RecordStore

PROCESSES = Kind(
    "procesos",
    names=(NAME, USERNAME),
    columns=ProcessRow._fields,
)


class Procesos:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, FORMAT)
        server, processes = self._records.processes(id_serv)
        of = {
            "id_serv": server.id_serv,
            "ip_server": server.ipaddress,
            "fecha_hora": server.fecha_hora,
        }
        listing = Listing("procesos", ProcessRow._fields, processes, of=of)
        show_whole(req, resp, query, listing)
