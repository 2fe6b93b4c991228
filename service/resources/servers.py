"""/servers: the reports of servers come in here, and the newest record of each goes out."""

from __future__ import annotations

import falcon

from service.intake import Intake
from service.parameters import PAGING, Query
from service.resources.body import read_body
from service.store.records import Record, RecordStore

_IN_EVERY_VERSION = (
    "ipaddress",
    "fecha_hora",
    "arquitectura_proc",
    "marca_proc",
    "nombre_so",
    "version_so",
)
_OF_A_SERVER = (
    "id_maquina",
    "nombre_host",
    "nucleo",
    "version_agente",
    "fuente_usuarios",
    "descartados",
)
_OF_A_PROCESS = ("ppid", "inicio", "ejecutable", "linea_comando")
_OF_A_LOGIN = ("terminal", "origen", "desde")


class Servers:
    def __init__(self, intake: Intake, records: RecordStore, max_body: int) -> None:
        self._intake = intake
        self._records = records
        self._max_body = max_body

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        stored = self._intake.receive(read_body(req, self._max_body))
        resp.status = falcon.HTTP_201 if stored.new else falcon.HTTP_200
        resp.location = f"/servers/{stored.id_serv}"
        resp.media = {"id_serv": stored.id_serv}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *PAGING)
        page = self._records.newest(query.after, query.limit)
        following = query.address_after(req.path, page.after) if page.after else None
        if following:
            resp.append_link(following, "next")
        resp.media = {
            "servers": [server._asdict() for server in page.servers],
            "siguiente": following,
        }


class Server:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, _req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        resp.media = _as_posted(self._records.record(id_serv))


def _as_posted(record: Record) -> dict[str, object]:
    """The record in the wire model that it came in, so that it could be posted again."""
    server = record.server._asdict()
    document: dict[str, object] = {name: server[name] for name in _IN_EVERY_VERSION}
    processes: list[dict[str, object]] = [
        {"username": row.username, "pid": row.pid, "name": row.name} for row in record.processes
    ]
    logins: list[dict[str, object]] = [
        {"pid": row.pid, "name": row.username} for row in record.logins
    ]
    if record.server.version_esquema > 1:
        document["version_esquema"] = record.server.version_esquema
        document |= _known(record.server, _OF_A_SERVER)
        for shown, process in zip(processes, record.processes, strict=True):
            shown.update(_known(process, _OF_A_PROCESS))
        for shown, login in zip(logins, record.logins, strict=True):
            shown.update(_known(login, _OF_A_LOGIN))
    return document | {"procesos": processes, "usuarios_activos": logins}


def _known(row: object, names: tuple[str, ...]) -> dict[str, object]:
    """The optional members of version 2, which are left out when they are not known."""
    return {name: value for name in names if (value := getattr(row, name)) is not None}
