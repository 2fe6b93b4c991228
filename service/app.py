"""Builds the application: every collaborator, passed in. Nothing else wires."""

from __future__ import annotations

from functools import partial
from typing import Any

import falcon
import falcon.media
import orjson

from service import config as settings
from service import times
from service.archive.append import ArchiveWriter
from service.auth.audit_log import AuditLog
from service.auth.auth_throttle import AuthThrottle
from service.http.abandonment import AbandonmentMiddleware
from service.http.authentication import AuthenticationMiddleware
from service.http.client_ip import ClientIpMiddleware
from service.http.converters import IdConverter
from service.http.etag import ETagMiddleware
from service.http.problems import add_error_handlers
from service.http.router import Router
from service.ingest.admission import LARGE_PART, Admission
from service.ingest.budget import Budget
from service.ingest.intake import Intake
from service.ingest.large_turn import LargeTurn
from service.ingest.validation import ReportValidator
from service.maintenance.archived_records import ArchivedRecords
from service.maintenance.sealing import known_links
from service.pages.site import Site
from service.pages.static_files import shipped_files
from service.policies.backtest.job_requests import BackTestRequests
from service.policies.queries.query_runner import QueryRunner
from service.policies.rules.kept_text import key_columns
from service.policies.rules.places import SHIPPED_FOLDER, TABLES_SCRIPT
from service.policies.rules.support_calendar import SupportCalendar
from service.resources.evidencia import Sources
from service.routes import Collaborators, routes
from service.store.backtest_jobs import BackTestJobStore
from service.store.engines import Database, open_database
from service.store.enrolment import EnrolmentStore
from service.store.past_openings import PastOpeningStore
from service.store.queries import load_queries
from service.store.read.feed import FeedStore
from service.store.read.fleet import FleetStore
from service.store.read.history import HistoryStore
from service.store.read.matrix import MatrixStore
from service.store.read.notifications import NotificationStore
from service.store.read.occurrences import login_occurrences, process_occurrences
from service.store.read.periods import PeriodStore
from service.store.read.policies import PolicyStore
from service.store.read.records import RecordStore
from service.store.read.relation_copies import RelationCopies
from service.store.read.retirements import RetirementStore
from service.store.read.silence import Silence
from service.store.read.tags import TagStore
from service.store.read.unjudged import LagReader
from service.store.read.usage_stats import UsageStore
from service.store.read.violations import ViolationStore
from service.store.read.waivers import WaiverStore
from service.store.tag_file import TagImport
from service.store.tokens import TokenStore
from service.store.write.reports import ReportStore
from service.store.write.resending import Resending
from service.store.write.retirement_changes import Retirements
from service.store.write.tag_changes import TagChanges
from service.store.write.waiver_changes import Waivers


def compile_what_is_shared() -> None:
    """Keeps schemas and translations for each application. Workers that are forked share them."""
    ReportValidator()
    Site(shipped_files())


def create_app(
    config: settings.Config | None = None, database: Database | None = None
) -> falcon.App[Any, Any]:
    """The WSGI application. Its database must have been migrated.

    database: closed by the caller. Without it, the application opens one of its own.
    """
    config = config or settings.from_env()
    collaborators = _collaborators(config, database or open_database(config.database))
    app = falcon.App(router=Router())
    json_handler = falcon.media.JSONHandler(dumps=orjson.dumps, loads=orjson.loads)
    app.resp_options.media_handlers["application/json"] = json_handler
    app.req_options.strip_url_path_trailing_slash = False
    app.router_options.converters["id"] = IdConverter
    add_error_handlers(app, collaborators.site)

    table = {route.address: route for route in routes(collaborators)}
    for route in table.values():
        app.add_route(route.address, route.resource)
    app.add_middleware(
        [
            AbandonmentMiddleware(),
            ClientIpMiddleware(collaborators.config.proxies),
            AuthenticationMiddleware(
                collaborators.tokens,
                collaborators.throttle,
                collaborators.audit_log,
                lambda method, address: table[address].accepts(method),
                lambda method, address: method in table[address].forms,
                lambda address: table[address].token_in_address,
            ),
            ETagMiddleware(),
        ]
    )
    return app


def _collaborators(config: settings.Config, database: Database) -> Collaborators:
    queries = load_queries()
    silence = Silence(config.silent_after * times.SECOND, config.silent_intervals, times.now)
    usage = UsageStore(database, queries, silence)
    static = shipped_files()
    audit_log = AuditLog(config.audit_log)
    backtest_jobs = BackTestJobStore(database, queries)
    rule_folders = [SHIPPED_FOLDER, *([] if config.policies is None else [config.policies])]
    records, history = RecordStore(database, queries), HistoryStore(database, queries)
    policies = PolicyStore(
        database, queries, config.evaluator_lock, times.now, silence, config.alive
    )
    violations = ViolationStore(database, queries, times.now)
    fleet = FleetStore(database, queries, usage, silence, SupportCalendar(rule_folders).state)
    tag_changes = TagChanges(database, queries, audit_log)
    return Collaborators(
        config=config,
        intake=Intake(
            ReportValidator(),
            ArchiveWriter(config.archive),
            ReportStore(database, queries),
            times.now,
        ),
        admission=Admission(
            LargeTurn(config.large_turn),
            Budget(config.source_changes / config.workers),
            large_rate=config.source_changes / LARGE_PART,
        ),
        records=records,
        lag=LagReader(database, queries),
        history=history,
        fleet=fleet,
        feed=FeedStore(database, queries, fleet),
        processes=process_occurrences(database, queries, silence),
        logins=login_occurrences(database, queries, silence),
        usage=usage,
        matrix=MatrixStore(database, queries, times.now),
        periods=PeriodStore(database, queries, times.now),
        tags=TagStore(database, queries),
        retirements=RetirementStore(database, queries, silence),
        tag_changes=tag_changes,
        tag_import=TagImport(database, queries, tag_changes),
        retirement_changes=Retirements(database, queries, audit_log, times.now),
        waivers=WaiverStore(database, queries, times.now),
        waiver_changes=Waivers(database, queries, audit_log, key_columns, times.now),
        policies=policies,
        violations=violations,
        evidence=Sources(
            records,
            history,
            policies,
            violations,
            ArchivedRecords(config.archive, database, queries),
            partial(known_links, config, database),
            audit_log,
            config.data,
            config.export_places,
        ),
        queries=QueryRunner(
            RelationCopies(
                config.database, queries, silence, TABLES_SCRIPT.read_text(encoding="utf-8")
            ),
            audit_log,
            config.query_places,
            is_on=config.queries,
            user_folder=config.policies,
        ),
        backtest_jobs=backtest_jobs,
        backtest_requests=BackTestRequests(backtest_jobs, audit_log),
        past_openings=PastOpeningStore(database, queries),
        notifications=NotificationStore(
            database, queries, config.sender_lock if config.notify else None
        ),
        resending=Resending(database, queries, audit_log),
        tokens=TokenStore(database, queries, audit_log),
        enrolment=EnrolmentStore(database, queries, audit_log),
        throttle=AuthThrottle(),
        audit_log=audit_log,
        site=Site(static, has_queries=config.queries),
        static=static,
    )
