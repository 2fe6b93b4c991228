"""The routes: address, resource, and who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from service import times
from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import AuthThrottle
from service.auth.token_format import (
    ADMINISTRATORS,
    ENROLLERS,
    FEED_READERS,
    PUBLIC,
    READERS,
    REPORTERS,
)
from service.config import Config
from service.http.request_body import receive_body
from service.http.router import READ_METHODS
from service.ingest.admission import Admission
from service.ingest.intake import Intake
from service.pages.backtests import BackTestPage, BackTestsPage
from service.pages.controls import ControlsPage, FrameworkPage
from service.pages.fleet import FleetPage
from service.pages.matrix import MatrixPage
from service.pages.notifications import NotificationsPage
from service.pages.period import PeriodPage
from service.pages.programs import ProgramPage
from service.pages.query import QueryPage
from service.pages.retire import RetirePage
from service.pages.rules import RulePage, RulesPage
from service.pages.server import ServerPage
from service.pages.sign_in import SignInPage, SignOut
from service.pages.site import Site
from service.pages.static_files import StaticFiles
from service.pages.tags import ServerTagsForm, TagsPage
from service.pages.users import UserPage
from service.pages.violations import ViolationsPage
from service.pages.waive import RevokePage, WaiveForm
from service.pages.waivers import WaiversPage
from service.policies.backtest.job_requests import BackTestRequests
from service.policies.queries.query_runner import QueryRunner
from service.project import SCHEMAS_FOLDER
from service.resources.cambios import Changes
from service.resources.consulta import RunQuery
from service.resources.cumplimiento import Compliance
from service.resources.documents import Document
from service.resources.etiquetas import FleetTags, OneTag, RecordTags
from service.resources.evidencia import RecordEvidence, Sources, ViolationEvidence
from service.resources.exenciones import OneWaiver, WaiverList
from service.resources.health import Healthz, Readyz
from service.resources.historial import RecordHistory
from service.resources.marcos import Frameworks, OneFramework
from service.resources.matriz import FleetMatrix
from service.resources.notificaciones import Notifications, SendAgain
from service.resources.novedades import NewsFeed
from service.resources.periodo import PeriodVerdicts
from service.resources.periodo_totales import by_control, by_rule, by_server
from service.resources.politicas import OnePolicy, Policies
from service.resources.procesos import ProcessHistories, ProcessOccurrences, RecordProcesses
from service.resources.resumen import FleetSummary
from service.resources.retiros import RecordRetirements
from service.resources.servers import Server, Servers
from service.resources.tokens import Enrolment, OneToken, Tokens
from service.resources.usuarios_activos import LoginHistories, LoginOccurrences, RecordLogins
from service.resources.violaciones import Violations
from service.store.backtest_jobs import BackTestJobStore
from service.store.enrolment import EnrolmentStore
from service.store.past_openings import PastOpeningStore
from service.store.read.feed import FeedStore
from service.store.read.fleet import FleetStore
from service.store.read.history import HistoryStore
from service.store.read.matrix import MatrixStore
from service.store.read.notifications import NotificationStore
from service.store.read.occurrences import LoginOccurrenceStore, ProcessOccurrenceStore
from service.store.read.periods import PeriodStore
from service.store.read.policies import PolicyStore
from service.store.read.records import RecordStore
from service.store.read.retirements import RetirementStore
from service.store.read.tags import TagStore
from service.store.read.unjudged import LagReader
from service.store.read.usage_stats import UsageStore
from service.store.read.violations import ViolationStore
from service.store.read.waivers import WaiverStore
from service.store.tag_file import TagImport
from service.store.tokens import TokenStore
from service.store.write.resending import Resending
from service.store.write.retirement_changes import Retirements
from service.store.write.tag_changes import TagChanges
from service.store.write.waiver_changes import Waivers


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything that resources and pages work with; service/app.py builds it."""

    config: Config
    intake: Intake
    admission: Admission
    records: RecordStore
    lag: LagReader
    history: HistoryStore
    fleet: FleetStore
    feed: FeedStore
    processes: ProcessOccurrenceStore
    logins: LoginOccurrenceStore
    usage: UsageStore
    policies: PolicyStore
    matrix: MatrixStore
    periods: PeriodStore
    violations: ViolationStore
    tags: TagStore
    retirements: RetirementStore
    tag_changes: TagChanges
    tag_import: TagImport
    retirement_changes: Retirements
    waivers: WaiverStore
    waiver_changes: Waivers
    evidence: Sources
    queries: QueryRunner
    backtest_jobs: BackTestJobStore
    backtest_requests: BackTestRequests
    past_openings: PastOpeningStore
    notifications: NotificationStore
    resending: Resending
    tokens: TokenStore
    enrolment: EnrolmentStore
    throttle: AuthThrottle
    audit_log: AuditLog
    site: Site
    static: StaticFiles


@dataclass(frozen=True, slots=True)
class Route:
    """scopes: by method, where they are not READERS for reads and ADMINISTRATORS for the rest.

    forms: the methods by which forms of our pages are sent, which a cookie authenticates.
    token_in_address: for feed readers, which can send no header.
    """

    address: str
    resource: object
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()
    token_in_address: bool = False

    def accepts(self, method: str) -> frozenset[str]:
        """The scopes that a method takes; PUBLIC asks for no token. HEAD is GET's twin."""
        reads = method in READ_METHODS or method == "OPTIONS"
        default = READERS if reads else ADMINISTRATORS
        return self.scopes.get("GET" if method == "HEAD" else method, default)


def routes(c: Collaborators) -> Sequence[Route]:
    record = "/servers/{id_serv:id}"
    public = {"GET": PUBLIC}
    return [
        Route(
            "/servers",
            Servers(
                c.intake,
                c.admission,
                c.fleet,
                c.tokens,
                partial(receive_body, most=c.config.max_body, folder=c.config.data),
            ),
            {"POST": REPORTERS},
        ),
        Route(record, Server(c.records)),
        Route(f"{record}/procesos", RecordProcesses(c.records)),
        Route(f"{record}/usuarios_activos", RecordLogins(c.records)),
        Route(f"{record}/historial", RecordHistory(c.history)),
        Route(f"{record}/cambios", Changes(c.history)),
        Route(f"{record}/etiquetas", RecordTags(c.history, c.tags)),
        Route(f"{record}/etiquetas/{{clave}}", OneTag(c.history, c.tag_changes)),
        Route(
            f"{record}/retiros",
            RecordRetirements(c.history, c.retirements, c.retirement_changes),
        ),
        Route("/etiquetas", FleetTags(c.tags, c.tag_import)),
        Route("/procesos", ProcessOccurrences(c.processes)),
        Route("/procesos/historial", ProcessHistories(c.processes)),
        Route("/usuarios_activos", LoginOccurrences(c.logins)),
        Route("/usuarios_activos/historial", LoginHistories(c.logins)),
        Route(f"{record}/cumplimiento", Compliance(c.history, c.policies)),
        Route("/politicas", Policies(c.policies)),
        Route("/politicas/{rule}", OnePolicy(c.policies)),
        Route("/matriz", FleetMatrix(c.matrix, c.policies)),
        Route("/marcos", Frameworks(c.matrix, c.policies)),
        Route("/marcos/{framework}", OneFramework(c.matrix, c.policies)),
        Route("/periodo", PeriodVerdicts(c.periods, c.policies)),
        Route("/periodo/politicas", by_rule(c.periods, c.policies)),
        Route("/periodo/controles", by_control(c.periods, c.policies)),
        Route("/periodo/servidores", by_server(c.periods, c.policies)),
        Route("/violaciones", Violations(c.violations, c.policies)),
        Route(f"{record}/evidencia", RecordEvidence(c.evidence)),
        Route("/violaciones/{violation}/evidencia", ViolationEvidence(c.evidence)),
        Route("/exenciones", WaiverList(c.waivers, c.waiver_changes)),
        Route("/exenciones/{waiver_id:id}", OneWaiver(c.waivers, c.waiver_changes)),
        Route("/consulta", RunQuery(c.queries)),
        Route("/resumen", FleetSummary(c.fleet)),
        Route("/notificaciones", Notifications(c.notifications), {"GET": ADMINISTRATORS}),
        Route(
            "/novedades.atom",
            NewsFeed(c.feed, c.config.url),
            {"GET": FEED_READERS},
            token_in_address=True,
        ),
        Route("/notificaciones/{message_id:id}/reenvio", SendAgain(c.resending)),
        Route("/tokens", Tokens(c.tokens), {"GET": ADMINISTRATORS}),
        Route("/tokens/{token_id:id}", OneToken(c.tokens), {"DELETE": ADMINISTRATORS}),
        Route("/inscripcion", Enrolment(c.enrolment), {"POST": ENROLLERS}),
        Route("/", FleetPage(c.site, c.fleet, c.policies, c.retirements, c.config.bind, times.now)),
        Route("/reglas", RulesPage(c.site, c.policies)),
        Route("/cumplimiento", MatrixPage(c.site, c.matrix, c.policies)),
        Route("/controles", ControlsPage(c.site, c.matrix, c.policies)),
        Route("/controles/{framework}", FrameworkPage(c.site, c.matrix, c.policies)),
        Route("/auditoria", PeriodPage(c.site, c.periods, c.policies)),
        Route("/regla/{rule}", RulePage(c.site, c.policies, c.backtest_jobs, c.past_openings)),
        Route(
            "/ensayos",
            BackTestsPage(c.site, c.backtest_jobs, c.backtest_requests, c.policies, times.now),
            forms=frozenset({"POST"}),
        ),
        Route(
            "/ensayo/{job_id:id}",
            BackTestPage(c.site, c.backtest_jobs, times.now),
            forms=frozenset({"POST"}),
        ),
        Route(
            "/avisos",
            NotificationsPage(c.site, c.notifications, c.resending),
            {"GET": ADMINISTRATORS},
            frozenset({"POST"}),
        ),
        Route(
            "/dispensas",
            WaiversPage(c.site, c.policies, c.waivers, WaiveForm(c.waiver_changes)),
            forms=frozenset({"POST"}),
        ),
        Route(
            "/dispensas/{waiver_id:id}/revocar",
            RevokePage(c.waiver_changes),
            forms=frozenset({"POST"}),
        ),
        Route("/incumplimientos", ViolationsPage(c.site, c.policies, c.violations)),
        Route(
            "/servidor/{server_id:id}",
            ServerPage(
                c.site,
                c.fleet,
                c.history,
                c.records,
                c.policies,
                c.retirements,
                c.tags,
                past=c.past_openings,
                clock=times.now,
            ),
        ),
        Route(
            "/servidor/{server_id:id}/retirar",
            RetirePage(c.retirement_changes),
            forms=frozenset({"POST"}),
        ),
        Route(
            "/servidor/{server_id:id}/etiquetas",
            ServerTagsForm(c.tag_changes),
            forms=frozenset({"POST"}),
        ),
        Route(
            "/etiquetado",
            TagsPage(c.site, c.tags, c.policies, c.tag_import),
            forms=frozenset({"POST"}),
        ),
        Route("/programa", ProgramPage(c.site, c.processes, c.usage, times.now)),
        Route("/usuario", UserPage(c.site, c.logins, c.usage, times.now)),
        Route(
            "/consultar",
            QueryPage(c.site, c.queries, times.now),
            {"GET": ADMINISTRATORS},
            frozenset({"POST"}),
        ),
        Route("/entrar", SignInPage(c.site, c.tokens, c.throttle), {**public, "POST": PUBLIC}),
        Route("/salir", SignOut(), {"POST": PUBLIC}),
        Route("/static/{name}", c.static, public),
        Route("/healthz", Healthz(), public),
        Route("/readyz", Readyz(c.records, c.lag, c.notifications), public),
        Route(
            "/openapi.json", Document(SCHEMAS_FOLDER / "openapi.json", "application/json"), public
        ),
        *(
            Route(f"/schemas/{path.name}", Document(path, "application/schema+json"), public)
            for path in sorted(SCHEMAS_FOLDER.glob("report.v*.json"))
        ),
    ]
