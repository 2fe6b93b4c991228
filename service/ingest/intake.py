"""Intake of reports: read and validate, then archive and store, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.archive.append import ArchiveWriter
from service.errors import LargeServerError, OutdatedPlanError
from service.ingest.admission import Work
from service.ingest.group_commit import GroupCommit
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.report import Report
from service.store.write.new_report import NewReport, Stored
from service.store.write.plans import Plan
from service.store.write.reports import MANY_CHANGES, ReportStore

_MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """A valid report and its document."""

    raw: bytes
    report: Report


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report on its way to disk."""

    raw: bytes
    report: Report
    plan: Plan
    large: bool = False


class Intake:
    """Reports that arrive together share the syncs of the archive and of the database."""

    def __init__(
        self,
        validator: ReportValidator,
        archive: ArchiveWriter,
        reports: ReportStore,
        now: Callable[[], int],
    ) -> None:
        self._validator = validator
        self._archive = archive
        self._reports = reports
        self._now = now
        self._commits = GroupCommit(self._commit, lambda arrival: arrival.plan.changes)
        # Archived, not yet stored: the moment of archiving by digest. A report that is sent again
        # while the database cannot take it must not fill the archive with copies of itself.
        self._archived: dict[bytes, int] = {}

    def read(self, raw: bytes) -> IncomingReport:
        """Parses and validates a report. Raises InvalidReportError."""
        document = read_json(raw, self._validator.bounds)
        return IncomingReport(raw, self._validator.validate(document))

    def store(self, incoming: IncomingReport, work: Work) -> Stored:
        """The record of this report; archived and stored, both on disk, when this returns.

        Raises StorageUnavailableError, SourceBusyError; the client then sends it again.
        """
        plan = self._plan(incoming.report, work)
        if plan.id_serv is None and not work.large:
            try:
                arrival = Arrival(incoming.raw, incoming.report, plan)
                return self._commits.submit(arrival, work.source)
            except OutdatedPlanError:
                work.enlarge()
                plan = self._plan(incoming.report, work)
        if plan.id_serv is not None:
            return Stored(plan.id_serv, new=False)
        plan = self._reports.interned_ahead(plan)
        # In a transaction of its own.
        return self._commit([Arrival(incoming.raw, incoming.report, plan, large=True)])[0]

    def _plan(self, report: Report, work: Work) -> Plan:
        try:
            plan = self._reports.plan(report, self._now(), may_be_large=work.large)
        except LargeServerError:
            work.enlarge()
            plan = self._reports.plan(report, self._now())
        if plan.changes > MANY_CHANGES:
            work.enlarge()
        work.will_change(plan.changes)
        return plan

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        now = self._now()
        fresh = {
            arrival.report.digest: arrival.raw
            for arrival in arrivals
            if arrival.report.digest not in self._archived
        }
        if fresh:
            self._archive.append_all(list(fresh.values()), now)
        if len(self._archived) + len(fresh) > _MAX_REMEMBERED:
            self._archived.clear()  # each costs a second line if it comes again
        self._archived.update(dict.fromkeys(fresh, now))
        stored = self._reports.add_all(
            [
                NewReport(
                    arrival.report,
                    self._archived.get(arrival.report.digest, now),
                    arrival.plan,
                    large=arrival.large,
                )
                for arrival in arrivals
            ]
        )
        for arrival in arrivals:
            self._archived.pop(arrival.report.digest, None)
        return stored
