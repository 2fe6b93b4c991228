"""/servers/{id_serv}/procesos: the processes of one record."""

from __future__ import annotations

import falcon

from service.store.records import RecordStore


class Procesos:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, _req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        server, processes = self._records.processes(id_serv)
        resp.media = {
            "id_serv": server.id_serv,
            "ip_server": server.ipaddress,
            "fecha_hora": server.fecha_hora,
            "procesos": [row._asdict() for row in processes],
        }
