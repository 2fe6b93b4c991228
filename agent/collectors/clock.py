"""The time of the report."""

from __future__ import annotations

from datetime import datetime, timezone

_LAST = 253_402_300_799  # 9999-12-31T23:59:59Z


def collect() -> datetime:
    """The present time in UTC."""
    return datetime.now(timezone.utc)


def as_seconds(seconds: int | None) -> str | None:
    """Seconds since 1970 as 2026-11-23T10:00:00Z; None if the schema cannot express them."""
    if seconds is None or not 0 <= seconds <= _LAST:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_text(moment: datetime) -> str:
    """2026-11-23T10:00:00.123456+00:00."""
    # isoformat() alone omits microseconds that are zero.
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")
