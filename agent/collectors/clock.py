"""When the report was taken."""

from __future__ import annotations

from datetime import datetime, timezone

_LAST = 253_402_300_799  # 9999-12-31T23:59:59Z


def collect() -> str:
    """UTC with offset and microseconds: 2026-11-23T10:00:00.123456+00:00."""
    return as_text(datetime.now(timezone.utc))


def as_seconds(seconds: int | None) -> str | None:
    """A moment in seconds since 1970: 2026-11-23T10:00:00Z; None for what is none to report."""
    if seconds is None or not 0 <= seconds <= _LAST:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_text(moment: datetime) -> str:
    # isoformat() alone leaves out the microseconds of a moment that has none.
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")
