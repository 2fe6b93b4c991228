"""/servers: takes reports, lists the servers of the fleet, and shows a record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import falcon

from service.http.abandonment import has_left
from service.http.authentication import authorize
from service.http.client_ip import source_of
from service.http.filters import AT_MOMENT, OF_SERVERS, moment_of, server_filter
from service.http.listing import FORMAT, Listing, show_page
from service.http.parameters import PAGING, Query
from service.http.request_body import Body, Sender
from service.ingest.admission import Admission
from service.ingest.intake import Intake
from service.resources.occurrences import STANDING, beside, standing
from service.store.read.fleet import FleetStore, ServerState
from service.store.read.records import Record, RecordStore, ServerRow
from service.store.tokens import TokenStore

_COLUMNS = ("servidor", *ServerRow._fields, "ultimo_contacto", *STANDING, "soporte")

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

ReceiveBody = Callable[[falcon.Request, Sender], AbstractContextManager[Body]]


class Servers:
    def __init__(
        self,
        intake: Intake,
        admission: Admission,
        fleet: FleetStore,
        tokens: TokenStore,
        receive: ReceiveBody,
    ) -> None:
        self._intake = intake
        self._admission = admission
        self._fleet = fleet
        self._tokens = tokens
        self._receive = receive

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        connection = req.env.get("gunicorn.socket")
        sender = self._admission.sender(source_of(req), partial(has_left, connection))
        with (
            self._receive(req, sender) as body,
            sender.admit(body.size, body.objects) as work,
        ):
            incoming = self._intake.read(body.read())
            authorize(self._tokens, req, incoming.report)
            stored = self._intake.store(incoming, work)
        resp.status = falcon.HTTP_201 if stored.new else falcon.HTTP_200
        resp.location = f"/servers/{stored.id_serv}"
        resp.media = {"id_serv": stored.id_serv}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        query = Query(req.query_string, *OF_SERVERS, *AT_MOMENT, *PAGING, FORMAT)
        moment = moment_of(query)
        page = self._fleet.page(server_filter(query), moment, query.after, query.limit)
        rows = [_row(page.at, state) for state in page.servers]
        late = beside(moment, page.late)
        listing = Listing("servers", _COLUMNS, rows, times={"ultimo_contacto"}, beside=late)
        show_page(req, resp, query, listing, page.after)


class Server:
    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def on_get(self, _req: falcon.Request, resp: falcon.Response, id_serv: int) -> None:
        resp.media = as_posted(self._records.record(id_serv))


def _row(at: int, state: ServerState) -> tuple[object, ...]:
    """The columns _COLUMNS."""
    columns = standing(
        at,
        state.heard_at,
        silent=state.silent,
        is_open=state.open,
        has_late=state.has_late,
        retired=state.retired,
    )
    return (state.server_id, *state.record, state.heard_at, *columns, state.support)


def as_posted(record: Record) -> dict[str, object]:
    """The record in the wire model of its report; it can be posted again."""
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
    """The optional members of version 2, without the unknown ones."""
    return {name: value for name in names if (value := getattr(row, name)) is not None}
