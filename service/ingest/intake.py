"""Takes a report in: read, validate, archive, store, in this order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.archive.files import Archive
from service.ingest.group_commit import GroupCommit
from service.ingest.json_reader import read_json
from service.ingest.validation import ReportValidator
from service.report import Report
from service.store.write.reports import Plan, ReportStore, Stored

MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report that is not stored yet."""

    raw: bytes
    report: Report
    plan: Plan | None


def _anybody_may(_report: Report) -> None:
    """Send it."""


class Intake:
    """Where reports come in. Those that arrive together share the syncs of both files."""

    def __init__(
        self,
        validator: ReportValidator,
        archive: Archive,
        reports: ReportStore,
        now: Callable[[], int],
    ) -> None:
        self._validator = validator
        self._archive = archive
        self._reports = reports
        self._now = now
        self._commits = GroupCommit(self._commit)
        # By digest, when it was archived: what is not stored yet. Sent again while the database
        # cannot take it, it must not fill the archive with copies of itself.
        self._archived: dict[bytes, int] = {}

    def receive(self, raw: bytes, check: Callable[[Report], None] = _anybody_may) -> Stored:
        """The record of this report; archived and stored, both on disk, when this returns.

        check: raises an error of ours for a report that its sender may not send.
        Raises InvalidReportError, and StorageUnavailableError when it should be sent again.
        """
        report = self._validator.validate(read_json(raw, self._validator.bounds))
        check(report)
        plan = self._reports.plan(report)
        if plan is not None and plan.id_serv is not None:
            return Stored(plan.id_serv, new=False)
        return self._commits.submit(Arrival(raw, report, plan))

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Stored]:
        now = self._now()
        fresh = {
            arrival.report.digest: arrival.raw
            for arrival in arrivals
            if arrival.report.digest not in self._archived
        }
        if fresh:
            self._archive.append_all(list(fresh.values()), now)
        if len(self._archived) + len(fresh) > MAX_REMEMBERED:
            self._archived.clear()  # costs a second line each, should they come again
        self._archived.update(dict.fromkeys(fresh, now))
        stored = self._reports.add_all(
            [
                (arrival.report, self._archived.get(arrival.report.digest, now), arrival.plan)
                for arrival in arrivals
            ]
        )
        for arrival in arrivals:
            self._archived.pop(arrival.report.digest, None)
        return stored
