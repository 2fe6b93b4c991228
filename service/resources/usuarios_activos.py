"""/servers/{id_serv}/usuarios_activos, /usuarios_activos: logins of a record, and of the fleet."""

from __future__ import annotations

import falcon

from service.http.filters import USERNAME
from service.http.listing import FORMAT, Listing, show_whole
from service.http.parameters import Query
from service.resources.occurrences import Kind
from service.store.read.records import LoginRow, RecordStore

LOGINS = Kind(
    "usuarios_activos",
    names=(USERNAME,),
    columns=LoginRow._fields,
)


class UsuariosActivos:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        query = Query(req.query_string, FORMAT)
        server, logins = self._records.logins(id_serv)
        of = {
            "id_serv": server.id_serv,
            "ip_server": server.ipaddress,
            "fecha_hora": server.fecha_hora,
        }
        listing = Listing("usuarios_activos", LoginRow._fields, logins, of=of)
        show_whole(req, resp, query, listing)
