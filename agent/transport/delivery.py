"""Delivers reports to the API through the spool.

Each report is written to the spool first and removed when the API has stored it, so no end of the
agent loses a report. While the spool cannot be written, reports wait in memory.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from agent.state.memory_queue import MemoryQueue
from agent.transport.delivery_error import DeliveryError, DeliveryFailure
from agent.transport.delivery_status import DeliveryStatus, DeliveryTracker
from agent.transport.log_throttle import LogThrottle
from agent.transport.report_sender import ReportRefusedError, ReportSender
from agent.transport.spool_sender import SpoolSender, os_error_text

if TYPE_CHECKING:
    from agent.state.spool import Spool
    from agent.transport.enrolment import Enrolment
    from agent.transport.http_client import ApiClient
    from agent.wire import WireReport

BATCH = 100
_log = logging.getLogger("agent")


class Delivery:
    """Takes reports and delivers them, the oldest first.

    enrolment: gets the agent's own token; None if the agent was given one
    """

    def __init__(
        self, api: ApiClient, spool: Spool, version: int, enrolment: Enrolment | None = None
    ) -> None:
        self._api = api
        self._spool = spool
        self._memory = MemoryQueue()
        self._enrolment = enrolment
        self._throttle = LogThrottle()
        self._tracker = DeliveryTracker(api.url)
        self._sender = ReportSender(api, version, enrolment)
        self._spool_sender = SpoolSender(
            spool, self._sender, self._tracker, self._throttle, enrolment
        )

    @property
    def status(self) -> DeliveryStatus:
        """The status of the newest report."""
        return self._tracker.status

    def take(self, document: WireReport, summary: str) -> None:
        """Keep a report until the API has stored it; summary: the report in words, for the log."""
        try:
            self._spool_memory()
            name = self._spool.put(document)
        except OSError as error:
            self._throttle.warning(
                "spool",
                f"cannot write the spool, keeping reports in memory: {os_error_text(error)}",
            )
            name = self._memory.put(document)
        self._tracker.track(name, summary)

    def _spool_memory(self) -> None:
        while report := self._memory.first():
            name = self._spool.put_encoded(report.body)
            self._memory.remove_first()
            if report.name == self._tracker.newest:
                self._tracker.newest = name

    def waiting(self) -> int:
        """The number of waiting reports, without those that can be neither sent nor removed."""
        try:
            in_spool = len(self._spool_sender.names())
        except OSError:
            in_spool = 0
        return in_spool + len(self._memory)

    def deliver(self, max_reports: int = BATCH) -> DeliveryFailure | None:
        """Send the waiting reports, at most so many from the spool.

        Returns the failure that stopped the delivery, or None.
        """
        failure = None
        try:
            with self._api:
                if self._enrolment is not None:
                    self._enrolment.authenticate(self._api)
                try:
                    self._spool_sender.send(max_reports)
                except BlockingIOError:
                    return DeliveryFailure("another agent is sending the reports of this spool")
                except OSError as error:
                    failure = DeliveryFailure(f"cannot read the spool: {os_error_text(error)}")
                self._send_memory()
        except DeliveryError as error:
            return error.failure
        except ImportError as error:  # the HTTP client is imported when it is needed
            return DeliveryFailure(f"this Python cannot send reports: {error}", unable=True)
        finally:
            self._tracker.log_older()
        return failure if self.waiting() else None

    def _send_memory(self) -> None:
        while report := self._memory.first():
            unreported_drops = 0
            try:
                receipt = self._sender.send(report.body)
            except ReportRefusedError as refused:
                self._tracker.refused(report.name, refused.answer)
            else:
                self._tracker.delivered(report.name, receipt.answer)
                unreported_drops = receipt.unreported_drops
            self._memory.remove_first(unreported_drops)

    def finish(self) -> DeliveryStatus:
        """After the last attempt, the final status: reports that stay in memory are lost."""
        with contextlib.suppress(OSError):
            self._spool_memory()
        newest = self._tracker.newest
        if newest in self._memory:
            self._tracker.status = DeliveryStatus.LOST
        elif self.status is DeliveryStatus.WAITING:
            self._tracker.status = self._status_in_spool(newest)
        return self.status

    def _status_in_spool(self, name: str) -> DeliveryStatus:
        """The status of a report that another agent may have sent, or somebody removed."""
        try:
            if name in self._spool.names():
                return DeliveryStatus.WAITING
            if self._spool.has_delivered(name):
                return DeliveryStatus.DELIVERED
            return DeliveryStatus.REFUSED if self._spool.has_rejected(name) else DeliveryStatus.LOST
        except OSError:
            return DeliveryStatus.WAITING

    def save_memory(self) -> None:
        """Before the agent ends: try once more to write the reports in memory to the spool."""
        bodies = self._memory.bodies()
        try:
            for body in bodies:
                self._spool.put_encoded(body)
        except OSError as error:
            _log.error("%d reports in memory are lost: %s", len(bodies), os_error_text(error))

    def log_failure(self, failure: DeliveryFailure, next_step: str) -> None:
        """Log a failure; one that a retry cannot help is logged once an hour."""
        message = f"{failure.reason}; reports waiting: {self.waiting()}{next_step}"
        if failure.is_retryable:
            _log.warning("%s", message)
        else:
            self._throttle.warning("operator", message)
