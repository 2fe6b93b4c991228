"""Builds the application: every collaborator, and the table of all routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import falcon.media
import orjson

from service import config as settings
from service import times
from service.archive.files import Archive
from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import Brake
from service.auth.token_format import ADMINISTRATORS, ENROLLERS, PUBLIC, REPORTERS
from service.http.authentication import Doors
from service.http.client_ip import Sources
from service.http.converters import IdConverter
from service.http.etag import EntityTagMiddleware
from service.http.problems import add_error_handlers
from service.ingest.intake import Intake
from service.ingest.validation import SCHEMAS_FOLDER, ReportValidator
from service.pages.fleet import FleetPage
from service.pages.programs import ProgramPage
from service.pages.server import ServerPage
from service.pages.sign_in import SignInPage, SignOut
from service.pages.site import Site
from service.pages.static_files import StaticFiles
from service.pages.users import UserPage
from service.resources.cambios import Cambios
from service.resources.documents import Document
from service.resources.health import Healthz, Readyz
from service.resources.historial import Historial
from service.resources.occurrences import OccurrenceHistory, Seen
from service.resources.procesos import PROCESSES, Procesos
from service.resources.resumen import Resumen
from service.resources.servers import Server, Servers
from service.resources.tokens import Enrolment, OneToken, Tokens
from service.resources.usuarios_activos import LOGINS, UsuariosActivos
from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.read.fleet import FleetStore, Silence
from service.store.read.history import HistoryStore
from service.store.read.occurrences import login_occurrences, process_occurrences
from service.store.read.records import RecordStore
from service.store.read.usage_stats import UsageStore
from service.store.tokens import TokenStore
from service.store.write.reports import ReportStore


def create_app(config: settings.Config | None = None) -> falcon.App[Any, Any]:
    """The WSGI application. Its database must have been migrated."""
    config = config or settings.from_env()
    database = open_database(config.database)
    queries = load_queries()
    records = RecordStore(database, queries)
    silence = Silence(config.silent_after * 1_000_000, config.silent_intervals)
    history = HistoryStore(database, queries)
    processes = process_occurrences(database, queries)
    logins = login_occurrences(database, queries)
    activity = UsageStore(database, queries)
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

    app.router_options.converters["key"] = IdConverter
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
        ("/procesos/historial", OccurrenceHistory(processes, PROCESSES), {}),
        ("/usuarios_activos", Seen(logins, LOGINS), {}),
        ("/usuarios_activos/historial", OccurrenceHistory(logins, LOGINS), {}),
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
    app.add_middleware(
        [Sources(config.proxies), Doors(tokens, brake, audit, doors), EntityTagMiddleware()]
    )
    return app
