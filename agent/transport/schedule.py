"""When reports are taken and sent: once, or at an interval."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.transport.backoff import pause_seconds, random_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.transport.delivery import Delivery
    from agent.transport.delivery_error import DeliveryFailure
    from agent.transport.delivery_status import DeliveryStatus

ATTEMPTS = 4
PATIENCE_SECONDS = 60.0
# Shorter intervals are trials by hand, which start at once.
MIN_SPREAD_INTERVAL_SECONDS = 30.0
_log = logging.getLogger("agent")


def run_once(
    delivery: Delivery, take: Callable[[], None]
) -> tuple[DeliveryStatus, DeliveryFailure | None]:
    """Take a report and send the waiting ones; returns the report's status and the last failure."""
    end = time.monotonic() + PATIENCE_SECONDS
    take()
    attempt = 1
    while True:
        failure = delivery.deliver()
        if failure is None:
            if delivery.waiting() and time.monotonic() < end:
                continue
            break
        pause = pause_seconds(attempt, failure.retry_after)
        if attempt == ATTEMPTS or not failure.is_retryable or time.monotonic() + pause > end:
            break
        delivery.log_failure(failure, f"; attempt {attempt + 1} of {ATTEMPTS} in {pause:.1f} s")
        attempt += 1
        time.sleep(pause)
    return delivery.finish(), failure


def run_forever(
    delivery: Delivery, take: Callable[[], None], every: float, first_after: float
) -> None:
    """Take a report every so many seconds, and send the waiting ones as soon as possible.

    Turns are counted from the first one, so they do not drift. A turn that falls due while
    reports are being sent is late; missed turns are skipped.
    """
    start = time.monotonic() + first_after
    turn, retry, attempt = start, 0.0, 1
    while True:
        now = time.monotonic()
        if now >= turn:
            take()
            turn = start + ((time.monotonic() - start) // every + 1) * every
        if now >= retry and delivery.waiting():
            failure = delivery.deliver()
            if failure is None:
                attempt = 1
            else:
                pause = pause_seconds(attempt, failure.retry_after)
                delivery.log_failure(failure, f"; next attempt in {pause:.0f} s")
                attempt += 1
                retry = time.monotonic() + pause
            continue
        wake = min(turn, retry) if delivery.waiting() else turn
        time.sleep(max(0.0, wake - time.monotonic()))


def first_pause(every: float, *, at_once: bool) -> float:
    """A random part of the interval, so that agents started together do not report together."""
    if at_once or every < MIN_SPREAD_INTERVAL_SECONDS:
        return 0.0
    return random_fraction() * every
