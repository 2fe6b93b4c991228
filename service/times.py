"""Times are integers: microseconds since 1970, UTC. The contract shows them as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000  # microseconds
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def now() -> int:
    return to_microseconds(datetime.now(tz=UTC))


def parse(text: str) -> int:
    """Parses an ISO 8601 date and time; one without a zone is UTC.

    Digits after the microsecond are dropped. Raises ValueError for a text that is not a time, and
    for a time before 1970 or after 9999.
    """
    time = datetime.fromisoformat(text)
    microseconds = to_microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))
    if not 0 <= microseconds <= LAST:
        raise ValueError(f"not between 1970 and 9999: {text!r}")
    return microseconds


def to_microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def offset_to_text(minutes: int) -> str:
    """Formats the offset of a zone as the relations do: -03:00."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def to_text(microseconds: int) -> str:
    """Formats a time as the wire model and the relations do: 2020-02-15 02:06:54.999999."""
    time = _EPOCH + timedelta(microseconds=microseconds)
    return time.isoformat(sep=" ", timespec="microseconds")[:26]  # without its zone
