"""Takes a report in: read, validate, archive, store, in this order."""

from __future__ import annotations

from collections.abc import Callable

from service.archive import Archive
from service.json_reader import read_json
from service.store.reports import ReportStore, Stored
from service.validation import ReportValidator


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

    def receive(self, raw: bytes) -> Stored:
        """The record of this report; archived and stored, both on disk, when this returns.

        Raises InvalidReportError, and StorageUnavailableError when it should be sent again.
        """
        report = self._validator.validate(read_json(raw))
        known = self._reports.find_same(report)
        if known is not None:
            return Stored(known, new=False)
        received_at = self._now()
        self._archive.append(raw, received_at)
        return self._reports.add(report, received_at)
