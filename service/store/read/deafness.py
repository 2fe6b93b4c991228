"""Since when the service runs and hears what servers report."""

from __future__ import annotations

from pathlib import Path

from service.times import MINUTE

NOTICED = 3 * MINUTE  # the service leaves word once a minute; a shorter gap makes nobody silent


def heard_at(alive: Path) -> int | None:
    """When the service left word last that it runs, in microseconds; null if it never did."""
    try:
        return alive.stat().st_mtime_ns // 1000
    except OSError:
        return None
