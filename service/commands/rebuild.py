"""Makes a new database from the archive, and compares it with the present one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from service.auth.audit_log import AuditLog
from service.commands.progress import Progress
from service.commands.result_printer import tell
from service.config import Config
from service.errors import StorageUnavailableError
from service.ingest.validation import ReportValidator
from service.maintenance.consistency import ArchivedLine, against_database, archived_lines
from service.report import Report
from service.store.engines import Database, open_database
from service.store.queries import load_queries
from service.store.read.consistency import DatabaseContent, keys_of, open_content
from service.store.tokens import TokenStore
from service.store.write.reports import NewReport, ReportStore

_REPORTS_A_TRANSACTION = 200


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """None."""


def run(config: Config, _options: argparse.Namespace) -> int:
    path = config.database.with_name(config.database.name + ".rebuilt")
    if path.exists():
        raise StorageUnavailableError(f"{path} exists: put it into place or remove it first")
    if not config.archive.is_dir():
        raise StorageUnavailableError(f"{config.archive} is not there: COMPLIANCE_DATA says where")
    queries = load_queries()
    with ExitStack() as stack:
        new = stack.enter_context(closing(open_database(path)))
        new.migrate()
        present = stack.enter_context(closing(open_database(config.database)))
        # A snapshot from before the archive is read, which therefore holds all of its reports.
        old = _readable(stack, config.database, present)
        lines = archived_lines(config.archive, ReportValidator())
        _fill(ReportStore(new, queries), lines, old)
        print(f"{path} is rebuilt from {config.archive}")
        if old is None:
            print("Its tokens are lost, since the archive has none: create new ones at once.")
        else:
            tokens = TokenStore(present, queries, AuditLog(config.audit_log)).copy_to(new)
            print(f"Tokens taken over from {config.database}: {tokens}")
        failed = 0
        if old is not None:
            print(f"Compared with {config.database}:")
            rebuilt = stack.enter_context(open_content(new, queries))
            with Progress("reports compared") as progress:
                failed = tell(against_database(old, rebuilt, progress.step))
    name = config.database
    print(f"To use it, stop the service, then: rm -f {name}-wal {name}-shm && mv {path} {name}")
    return failed


def _readable(stack: ExitStack, path: Path, database: Database) -> DatabaseContent | None:
    """The database as it is now, or null where it is lost or damaged."""
    if not path.exists():
        print(f"{path} is not there to compare with")
        return None
    try:
        return stack.enter_context(open_content(database, load_queries()))
    except StorageUnavailableError as error:
        print(f"{path} cannot be compared with: {error}")
        return None


def _fill(reports: ReportStore, lines: Iterator[ArchivedLine], old: DatabaseContent | None) -> None:
    with Progress("archived reports stored") as progress:
        while some := list(islice(lines, _REPORTS_A_TRANSACTION)):
            for line in some:
                progress.step()
                if line.report is None:
                    print(f"  skipped: {line.place} {line.fault}")
            reports.add_all(
                [
                    NewReport(_as_stored(line.report, old), line.received_at, replayed=True)
                    for line in some
                    if line.report is not None
                ]
            )


def _as_stored(report: Report, old: DatabaseContent | None) -> Report:
    """The report with the digest that the present database has for it."""
    if old is None or report.spelled_digest is None:
        return report
    found = old.find(keys_of(report))
    return report if found is None else replace(report, digest=found[0].digest)
