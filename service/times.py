"""Times are integers, microseconds since 1970 in UTC; the contract shows them as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def now() -> int:
    return to_microseconds(datetime.now(tz=UTC))


def parse(text: str) -> int:
    """The time that an ISO 8601 text with date and time says; without a zone it is UTC.

    Digits past the microsecond are dropped. Raises ValueError for what is no time, and for a
    time before 1970 or after 9999.
    """
    time = datetime.fromisoformat(text)
    microseconds = to_microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
    if not 0 <= microseconds <= LAST:
        raise ValueError(f"not between 1970 and 9999: {text!r}")
    return microseconds


def to_microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def to_text(microseconds: int) -> str:
    """As the wire model and the relations show it: 2020-02-15 02:06:54.999999."""
    time = _EPOCH + timedelta(microseconds=microseconds)
    return time.isoformat(sep=" ", timespec="microseconds")[:26]  # without its zone
