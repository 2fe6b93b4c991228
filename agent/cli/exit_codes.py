"""The exit codes of the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.transport.delivery_status import DeliveryStatus

if TYPE_CHECKING:
    from agent.transport.delivery_error import DeliveryFailure

DELIVERED = 0
UNDELIVERED = 1
WRONG_ARGUMENTS = 2
REFUSED = 3
ACCESS_DENIED = 4
LOST = 5
NO_PROCESSES = 6
INTERRUPTED = 130
# Ended by a signal before any of that: 128 + the number of the signal.
SIGNAL_BASE = 128


def exit_code(status: DeliveryStatus, failure: DeliveryFailure | None) -> int:
    """The exit code of a single run, by the status of its report and the last failure."""
    if status is DeliveryStatus.WAITING and failure is not None and failure.access_denied:
        return ACCESS_DENIED
    return {
        DeliveryStatus.DELIVERED: DELIVERED,
        DeliveryStatus.WAITING: UNDELIVERED,
        DeliveryStatus.REFUSED: REFUSED,
        DeliveryStatus.LOST: LOST,
    }[status]
