"""When the report was taken."""

from __future__ import annotations

from datetime import datetime, timezone


def collect() -> str:
    """UTC with offset and microseconds: 2026-11-23T10:00:00.123456+00:00."""
    return as_text(datetime.now(timezone.utc))


def as_text(moment: datetime) -> str:
    # isoformat() alone leaves out the microseconds of a moment that has none.
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")
