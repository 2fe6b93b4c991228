"""The status of the newest report, and the log of all deliveries."""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from agent.transport.problem_details import explain

if TYPE_CHECKING:
    from agent.transport.http_client import Answer

_log = logging.getLogger("agent")


class DeliveryStatus(enum.Enum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"
    LOST = "lost"


class DeliveryTracker:
    """Follows the newest report, and counts the older ones that are delivered.

    newest: its name in the spool or in memory
    status: the status of the newest report
    """

    def __init__(self, url: str) -> None:
        self.newest = ""
        self.status = DeliveryStatus.WAITING
        self._url = url
        self._summary = ""
        self._older_delivered = 0

    def track(self, name: str, summary: str) -> None:
        """Follow a new report; summary: the report in words, for the log."""
        self.newest = name
        self.status = DeliveryStatus.WAITING
        self._summary = summary

    def delivered(self, name: str, answer: Answer) -> None:
        if name == self.newest:
            self.status = DeliveryStatus.DELIVERED
            _log.info(
                "reported %s to %s: %d %s", self._summary, self._url, answer.status, answer.reason
            )
        else:
            self._older_delivered += 1

    def refused(self, name: str, answer: Answer) -> None:
        if name == self.newest:
            self.status = DeliveryStatus.REFUSED
        summary = f"{answer.status} {answer.reason}".rstrip()
        _log.error("a report was refused: %s answered %s", self._url, summary)
        for reason in explain(answer):
            _log.error("%s", reason)

    def log_older(self) -> None:
        """Log how many older reports were delivered since the last call."""
        if self._older_delivered:
            _log.info("delivered %d waiting reports", self._older_delivered)
            self._older_delivered = 0
