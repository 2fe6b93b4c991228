"""Until when the service ran, and could store what servers report."""

from __future__ import annotations

from pathlib import Path

from service.times import MINUTE

NOTICED = 3 * MINUTE  # the service leaves word once a minute


def heard_at(alive: Path) -> int | None:
    """When the service left word last that it can store reports, in microseconds; null if never."""
    try:
        return alive.stat().st_mtime_ns // 1000
    except OSError:
        return None
