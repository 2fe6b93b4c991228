"""Intake of reports: read and validate, then archive and store, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.archive.append import ArchiveWriter
from service.errors import LargeServerError, OutdatedPlanError, StorageUnavailableError
from service.ingest.admission import Work
from service.ingest.group_commit import GroupCommit
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.report import Report
from service.store.write.plans import Plan
from service.store.write.reports import MANY_CHANGES, NewReport, ReportStore, Stored

_MAX_REMEMBERED = 10_000
_MAX_ATTEMPTS = 5  # to store a large report, between which others of its server are stored


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
        try:
            plan = self._reports.plan(incoming.report, self._now(), may_be_large=work.large)
        except LargeServerError:
            work.enlarge()
            plan = self._reports.plan(incoming.report, self._now())
        if plan.changes > MANY_CHANGES:
            work.enlarge()
        if work.large:
            return self._store_large(incoming, plan, work)
        if plan.id_serv is not None:
            return Stored(plan.id_serv, new=False)
        return self._commits.submit(Arrival(incoming.raw, incoming.report, plan))

    def _store_large(self, incoming: IncomingReport, plan: Plan, work: Work) -> Stored:
        """Stores a report in a transaction of its own."""
        for _ in range(_MAX_ATTEMPTS):
            if plan.id_serv is not None:
                return Stored(plan.id_serv, new=False)
            plan = self._reports.interned_ahead(plan)
            try:
                (stored,) = self._commit([Arrival(incoming.raw, incoming.report, plan)])
            except OutdatedPlanError:
                plan = self._reports.plan(incoming.report, self._now())
            else:
                work.stored(plan.changes)
                return stored
        raise StorageUnavailableError("other reports of the server came in between, each time")

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
                    arrival.report, self._archived.get(arrival.report.digest, now), arrival.plan
                )
                for arrival in arrivals
            ]
        )
        for arrival in arrivals:
            self._archived.pop(arrival.report.digest, None)
        return stored
