"""Pauses between attempts: exponential backoff with full jitter, and Retry-After."""

from __future__ import annotations

import os

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 300.0
MAX_RETRY_AFTER_SECONDS = 3600.0


def pause_seconds(attempt: int, retry_after: str | None) -> float:
    """The pause after an attempt (1, 2, …), added to the time that Retry-After asks for.

    Full jitter: a random value between 0 and 1, 2, 4, … seconds, so that many agents do not
    return at the same moment (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture
    Blog).
    """
    ceiling = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempt - 1, 30))
    requested = min(MAX_RETRY_AFTER_SECONDS, parse_retry_after(retry_after))
    return requested + random_fraction() * ceiling


def random_fraction() -> float:
    """A random number from 0 to 1. The module random would cost some milliseconds to import."""
    return int.from_bytes(os.urandom(6), "big") / (1 << 48)


def parse_retry_after(text: str | None) -> float:
    """The seconds in a Retry-After header, given as a number or a date; 0 if it is invalid."""
    if not text:
        return 0.0
    from urllib3.exceptions import InvalidHeader  # noqa: PLC0415 — costs 60 ms to import
    from urllib3.util import Retry  # noqa: PLC0415

    try:
        return max(0.0, float(Retry().parse_retry_after(text)))
    except (InvalidHeader, ValueError, OverflowError):
        return 0.0
