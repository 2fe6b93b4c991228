"""How one try ended, and when to try again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from service.times import DAY, SECOND, to_microseconds

GIVEN_UP_AFTER = 7 * DAY

_FIRST_PAUSE, _LONGEST_PAUSE = 2 * SECOND, 900 * SECOND
_RETRYABLE = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Attempt:
    """error: null if the receiver took the message; it names no address.

    is_final: no repeat mends it. retry_after: microseconds that the receiver asked for.
    """

    error: str | None = None
    is_final: bool = False
    retry_after: int | None = None


def answered(status: int, headers: Mapping[str, str], now: int) -> Attempt:
    """What an answer of HTTP says. now: microseconds."""
    if 200 <= status < 300:
        return Attempt()
    is_final = 400 <= status < 500 and status not in _RETRYABLE
    pause = None if is_final else _retry_after(headers.get("Retry-After"), now)
    return Attempt(f"HTTP {status}", is_final, pause)


def pause_after(failures: int) -> int:
    """Grows with the number of failures in a row, and differs between messages. Microseconds."""
    longest = min(_FIRST_PAUSE << min(failures - 1, 20), _LONGEST_PAUSE)
    return longest // 2 + random.randrange(longest // 2 + 1)  # noqa: S311 — nothing is secret


def _retry_after(value: str | None, now: int) -> int | None:
    """RFC 9110, 10.2.3: seconds, or a date. Not longer than a message is tried for."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:12]) * SECOND, GIVEN_UP_AFTER)
    try:
        at = to_microseconds(parsedate_to_datetime(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(at - now, 0), GIVEN_UP_AFTER)
