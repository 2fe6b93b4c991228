"""Builds the application: every collaborator, and the table of all routes."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.media
import orjson

from service import config as settings
from service import times
from service.archive import Archive
from service.audit_log import AuditLog
from service.database import Database
from service.intake import Intake
from service.pages.fleet import FleetPage
from service.pages.programs import ProgramPage
from service.pages.server import ServerPage
from service.pages.site import Site
from service.pages.static_files import StaticFiles
from service.pages.users import UserPage
from service.problems import add_error_handlers
from service.queries import load_queries
from service.resources.brake import Brake
from service.resources.cambios import Cambios
from service.resources.documents import Document
from service.resources.doors import ADMINISTRATORS, ENROLLERS, PUBLIC, REPORTERS, Doors
from service.resources.entity_tags import EntityTags
from service.resources.health import Healthz, Readyz
from service.resources.historial import Historial
from service.resources.keys import KeyConverter
from service.resources.procesos import PROCESSES, Procesos
from service.resources.resumen import Resumen
from service.resources.servers import Server, Servers
from service.resources.sightings import EverSeen, Seen
from service.resources.sources import Sources
from service.resources.tokens import Enrolment, OneToken, Tokens
from service.resources.usuarios_activos import LOGINS, UsuariosActivos
from service.store.activity import ActivityStore
from service.store.fleet import FleetStore, Silence
from service.store.history import HistoryStore
from service.store.records import RecordStore
from service.store.reports import ReportStore
from service.store.sightings import login_sightings, process_sightings
from service.store.tokens import TokenStore
from service.validation import SCHEMAS_FOLDER, ReportValidator

# Who gets in where it is not those who may read all.
_DOORS = {
    ("POST", "/servers"): REPORTERS,
    ("POST", "/inscripcion"): ENROLLERS,
    ("GET", "/tokens"): ADMINISTRATORS,
    ("GET", "/static/{name}"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
    ("GET", "/schemas/report.v1.json"): PUBLIC,
    ("GET", "/schemas/report.v2.json"): PUBLIC,
}


def create_app(config: settings.Config | None = None) -> falcon.App[Any, Any]:
    """The WSGI application. Its database must have been migrated."""
    config = config or settings.from_env()
    database = Database(config.database)
    queries = load_queries()
    records = RecordStore(database, queries)
    silence = Silence(config.silent_after * 1_000_000, config.silent_intervals)
    history = HistoryStore(database, queries)
    processes = process_sightings(database, queries)
    logins = login_sightings(database, queries)
    activity = ActivityStore(database, queries)
    fleet = FleetStore(database, queries, times.now, silence)
    intake = Intake(
        ReportValidator(), Archive(config.archive), ReportStore(database, queries), times.now
    )

    tokens = TokenStore(database, queries)
    audit = AuditLog(config.audit_log)
    doors = Doors(tokens, Brake(), audit, _DOORS)
    middleware: list[Any] = [Sources(config.proxies), doors, EntityTags()]
    app = falcon.App(middleware=middleware)
    json_handler = falcon.media.JSONHandler(dumps=orjson.dumps, loads=orjson.loads)
    app.resp_options.media_handlers["application/json"] = json_handler
    app.req_options.strip_url_path_trailing_slash = False
    static = StaticFiles()
    site = Site(static)
    add_error_handlers(app, site)

    app.router_options.converters["key"] = KeyConverter
    of_record = "/servers/{id_serv:key}"
    app.add_route("/servers", Servers(intake, fleet, config.max_body))
    app.add_route(of_record, Server(records))
    app.add_route(f"{of_record}/procesos", Procesos(records))
    app.add_route(f"{of_record}/usuarios_activos", UsuariosActivos(records))
    app.add_route(f"{of_record}/historial", Historial(history))
    app.add_route(f"{of_record}/cambios", Cambios(history))
    app.add_route("/procesos", Seen(processes, PROCESSES))
    app.add_route("/procesos/historial", EverSeen(processes, PROCESSES))
    app.add_route("/usuarios_activos", Seen(logins, LOGINS))
    app.add_route("/usuarios_activos/historial", EverSeen(logins, LOGINS))
    app.add_route("/resumen", Resumen(fleet))
    app.add_route("/tokens", Tokens(tokens))
    app.add_route("/tokens/{token_id:key}", OneToken(tokens, audit))
    app.add_route("/inscripcion", Enrolment(tokens, audit))
    app.add_route("/", FleetPage(site, fleet, config.bind, times.now))
    app.add_route("/servidor/{server_id:key}", ServerPage(site, fleet, history, records, times.now))
    app.add_route("/programa", ProgramPage(site, processes, activity, times.now))
    app.add_route("/usuario", UserPage(site, logins, activity, times.now))
    app.add_route("/static/{name}", static)
    app.add_route("/healthz", Healthz())
    app.add_route("/readyz", Readyz(records))
    app.add_route("/openapi.json", Document(SCHEMAS_FOLDER / "openapi.json", "application/json"))
    for schema in SCHEMAS_FOLDER.glob("report.v*.json"):
        app.add_route(f"/schemas/{schema.name}", Document(schema, "application/schema+json"))
    return app
