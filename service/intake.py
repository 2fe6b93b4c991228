"""Takes a report in: read, validate, archive, store, in this order."""

from __future__ import annotations

from collections.abc import Callable

from service.archive import Archive
from service.json_reader import read_json
from service.store.reports import ReportStore, Stored
from service.validation import ReportValidator

_MOST_REMEMBERED = 10_000


class Intake:
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
        # By digest, when it was archived: what is not stored yet. Sent again while the database
        # cannot take it, it must not fill the archive with copies of itself.
        self._archived: dict[bytes, int] = {}

    def receive(self, raw: bytes) -> Stored:
        """The record of this report; archived and stored, both on disk, when this returns.

        Raises InvalidReportError, and StorageUnavailableError when it should be sent again.
        """
        report = self._validator.validate(read_json(raw))
        plan = self._reports.plan(report)
        if plan is not None and plan.id_serv is not None:
            return Stored(plan.id_serv, new=False)
        received_at = self._archived.get(report.digest)
        if received_at is None:
            received_at = self._now()
            self._archive.append(raw, received_at)
            self._remember(report.digest, received_at)
        stored = self._reports.add(report, received_at, plan)
        self._archived.pop(report.digest, None)
        return stored

    def _remember(self, digest: bytes, received_at: int) -> None:
        if len(self._archived) >= _MOST_REMEMBERED:
            self._archived.clear()  # costs a second line each, should they come again
        self._archived[digest] = received_at
