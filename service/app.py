"""Builds the application: every collaborator, and the table of all routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import falcon.media
import orjson

from service import config as settings
from service import times
from service.archive import Archive
from service.audit_log import AuditLog
from service.brake import Brake
from service.database import Database
from service.intake import Intake
from service.pages.fleet import FleetPage
from service.pages.programs import ProgramPage
from service.pages.server import ServerPage
from service.pages.sign_in import SignInPage, SignOut
from service.pages.site import Site
from service.pages.static_files import StaticFiles
from service.pages.users import UserPage
from service.problems import add_error_handlers
from service.queries import load_queries
from service.resources.cambios import Cambios
from service.resources.documents import Document
from service.resources.doors import Doors
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
from service.tokens import ADMINISTRATORS, ENROLLERS, PUBLIC, REPORTERS
from service.validation import SCHEMAS_FOLDER, ReportValidator


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

    tokens, brake = TokenStore(database, queries), Brake()
    audit = AuditLog(config.audit_log)

    app = falcon.App()
    json_handler = falcon.media.JSONHandler(dumps=orjson.dumps, loads=orjson.loads)
    app.resp_options.media_handlers["application/json"] = json_handler
    app.req_options.strip_url_path_trailing_slash = False
    static = StaticFiles()
    site = Site(static)
    add_error_handlers(app, site)

    app.router_options.converters["key"] = KeyConverter
    of_record = "/servers/{id_serv:key}"
    description = Document(SCHEMAS_FOLDER / "openapi.json", "application/json")
    # Who gets in where it is not those who may read all.
    table: list[tuple[str, object, Mapping[str, frozenset[str]]]] = [
        ("/servers", Servers(intake, fleet, tokens, config.max_body), {"POST": REPORTERS}),
        (of_record, Server(records), {}),
        (f"{of_record}/procesos", Procesos(records), {}),
        (f"{of_record}/usuarios_activos", UsuariosActivos(records), {}),
        (f"{of_record}/historial", Historial(history), {}),
        (f"{of_record}/cambios", Cambios(history), {}),
        ("/procesos", Seen(processes, PROCESSES), {}),
        ("/procesos/historial", EverSeen(processes, PROCESSES), {}),
        ("/usuarios_activos", Seen(logins, LOGINS), {}),
        ("/usuarios_activos/historial", EverSeen(logins, LOGINS), {}),
        ("/resumen", Resumen(fleet), {}),
        ("/tokens", Tokens(tokens), {"GET": ADMINISTRATORS}),
        ("/tokens/{token_id:key}", OneToken(tokens, audit), {"DELETE": ADMINISTRATORS}),
        ("/inscripcion", Enrolment(tokens, audit), {"POST": ENROLLERS}),
        ("/", FleetPage(site, fleet, config.bind, times.now), {}),
        ("/servidor/{server_id:key}", ServerPage(site, fleet, history, records, times.now), {}),
        ("/programa", ProgramPage(site, processes, activity, times.now), {}),
        ("/usuario", UserPage(site, logins, activity, times.now), {}),
        ("/entrar", SignInPage(site, tokens, brake), {"GET": PUBLIC, "POST": PUBLIC}),
        ("/salir", SignOut(), {"POST": PUBLIC}),
        ("/static/{name}", static, {"GET": PUBLIC}),
        ("/healthz", Healthz(), {"GET": PUBLIC}),
        ("/readyz", Readyz(records), {"GET": PUBLIC}),
        ("/openapi.json", description, {"GET": PUBLIC}),
    ]
    for path in SCHEMAS_FOLDER.glob("report.v*.json"):
        schema = Document(path, "application/schema+json")
        table.append((f"/schemas/{path.name}", schema, {"GET": PUBLIC}))
    doors: dict[tuple[str, str], frozenset[str]] = {}
    for address, resource, scopes in table:
        app.add_route(address, resource)
        doors |= {(method, address): those for method, those in scopes.items()}
    app.add_middleware([Sources(config.proxies), Doors(tokens, brake, audit, doors), EntityTags()])
    return app
