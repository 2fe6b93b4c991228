"""A report that is to be stored, and the record that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from service.report import Report
from service.store.write.placement import Arrival
from service.store.write.plans import Plan


@dataclass(frozen=True, slots=True)
class Stored:
    """The record that holds a report; not new if the very same report was stored before."""

    id_serv: int
    new: bool


class NewReport(NamedTuple):
    """A report to store."""

    report: Report
    received_at: int
    plan: Plan | None = None  # of ReportStore.plan(), if there is one
    replayed: bool = False  # from the archive, not from its sender
    number: int | None = None  # the id_serv that another database gave it
    large: bool = False  # a plan that is outdated is made anew while all other writers wait

    @property
    def arrival(self) -> Arrival:
        report = self.report
        return Arrival(report.taken_at, self.received_at, report.zoned, self.replayed)
