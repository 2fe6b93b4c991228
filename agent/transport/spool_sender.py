"""Sends the reports of the spool, the oldest first."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from agent import wire
from agent.state.spool import DamagedReportError
from agent.transport.report_sender import ReportRefusedError

if TYPE_CHECKING:
    from agent.state.spool import Spool
    from agent.transport.delivery_status import DeliveryTracker
    from agent.transport.enrolment import Enrolment
    from agent.transport.log_throttle import LogThrottle
    from agent.transport.report_sender import ReportSender

_log = logging.getLogger("agent")


class SpoolSender:
    def __init__(
        self,
        spool: Spool,
        sender: ReportSender,
        tracker: DeliveryTracker,
        throttle: LogThrottle,
        enrolment: Enrolment | None,
    ) -> None:
        self._spool = spool
        self._sender = sender
        self._tracker = tracker
        self._throttle = throttle
        self._enrolment = enrolment
        self._skipped: set[str] = set()

    def names(self) -> list[str]:
        """The waiting reports, without those that can be neither sent nor removed.

        Raises OSError.
        """
        return [name for name in self._spool.names() if name not in self._skipped]

    def send(self, max_reports: int) -> None:
        """Send at most so many reports.

        Raises BlockingIOError if another agent is sending them, other OSErrors if the spool
        cannot be read, and DeliveryError.
        """
        if not self._spool.names():
            return
        with self._spool.sending(wait_seconds=0):
            self._drop_old()
            for name in self.names()[:max_reports]:
                try:
                    self._send_file(name)
                except FileNotFoundError:  # removed by somebody else
                    continue

    def _drop_old(self) -> None:
        try:
            dropped = self._spool.drop_old()
        except OSError as error:
            self._throttle.warning("drop", f"cannot drop old reports: {os_error_text(error)}")
            return
        if dropped:
            _log.warning("dropped %d reports that were too old", dropped)

    def _send_file(self, name: str) -> None:
        try:
            body = self._spool.read(name)
        except DamagedReportError as error:
            _log.warning("rejected %s of the spool: %s", name, error)
            self._reject(name, str(error).encode(), 0)
            return
        except FileNotFoundError:
            raise
        except OSError as error:
            self._throttle.warning("held", f"cannot read a report for now: {os_error_text(error)}")
            return
        if name != self._tracker.newest and self._is_of_another_machine(body):
            self._skipped.add(name)
            self._throttle.warning(
                "another machine",
                f"skipping reports that the token of this machine may not send: {name} …",
            )
            return
        try:
            receipt = self._sender.send(body)
        except ReportRefusedError as refused:
            self._tracker.refused(name, refused.answer)
            reason = f"{refused}\n".encode() + refused.answer.body
            self._reject(name, reason, wire.dropped_count(body))
            return
        self._tracker.delivered(name, receipt.answer)
        self._remove(name, receipt.unreported_drops)

    def _is_of_another_machine(self, body: bytes) -> bool:
        return self._enrolment is not None and not self._enrolment.covers(body)

    def _reject(self, name: str, reason: bytes, unreported_drops: int) -> None:
        try:
            self._spool.reject(name, reason, unreported_drops)
        except OSError as error:
            # It stays in the spool and must not block the others.
            self._skipped.add(name)
            _log.warning("cannot reject %s, skipping it: %s", name, os_error_text(error))

    def _remove(self, name: str, unreported_drops: int) -> None:
        try:
            self._spool.remove(name, unreported_drops)
        except OSError as error:
            self._skipped.add(name)
            _log.warning("cannot remove the delivered report %s: %s", name, os_error_text(error))


def os_error_text(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
