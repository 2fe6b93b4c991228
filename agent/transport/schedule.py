"""When reports are taken and sent: once, or every so many seconds."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from agent.transport.delivery import Delivery, DeliveryStatus
from agent.transport.http_client import pause_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.transport.delivery_error import Trouble

ATTEMPTS = 4
PATIENCE_SECONDS = 60.0
# An interval this short is somebody trying it out.
SHORTEST_SPREAD_SECONDS = 30.0
_log = logging.getLogger("agent")


def run_once(delivery: Delivery, take: Callable[[], None]) -> tuple[DeliveryStatus, Trouble | None]:
    """Take a report and send what waits; returns what became of the report, and why."""
    end = time.monotonic() + PATIENCE_SECONDS
    take()
    attempt = 1
    while True:
        trouble = delivery.deliver()
        if trouble is None:
            if delivery.waiting() and time.monotonic() < end:
                continue
            break
        pause = pause_seconds(attempt, trouble.retry_after)
        if attempt == ATTEMPTS or trouble.not_let_in or time.monotonic() + pause > end:
            break
        delivery.tell(trouble, f"; attempt {attempt + 1} of {ATTEMPTS} in {pause:.1f} s")
        attempt += 1
        time.sleep(pause)
    delivery.lose()
    return delivery.fate, trouble


def run_for_ever(
    delivery: Delivery, take: Callable[[], None], every: float, first_after: float
) -> None:
    """Take a report every so many seconds, and send what waits as soon as that can be done.

    Turns are counted from the first one, so that they do not drift. One that comes while reports
    are being sent is late; those that were missed are skipped.
    """
    start = time.monotonic() + first_after
    turn, retry, attempt = start, 0.0, 1
    while True:
        now = time.monotonic()
        if now >= turn:
            take()
            turn = start + ((time.monotonic() - start) // every + 1) * every
        if now >= retry and delivery.waiting():
            trouble = delivery.deliver()
            if trouble is None:
                attempt = 1
            else:
                pause = pause_seconds(attempt, trouble.retry_after)
                delivery.tell(trouble, f"; next attempt in {pause:.0f} s")
                attempt += 1
                retry = time.monotonic() + pause
            continue
        wake = min(turn, retry) if delivery.waiting() else turn
        time.sleep(max(0.0, wake - time.monotonic()))


def first_pause(every: float, *, at_once: bool) -> float:
    """A random part of the interval, so that agents that start together do not call together."""
    if at_once or every < SHORTEST_SPREAD_SECONDS:
        return 0.0
    import random  # noqa: PLC0415 — rarely needed

    return random.uniform(0, every)  # noqa: S311 — no secret
