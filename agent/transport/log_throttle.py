"""Repeated warnings, at most once an hour for each subject."""

from __future__ import annotations

import logging
import time

INTERVAL_SECONDS = 3600.0
_log = logging.getLogger("agent")


class LogThrottle:
    def __init__(self) -> None:
        self._logged_at: dict[str, float] = {}

    def warning(self, subject: str, message: str) -> None:
        """Log the message unless this subject was logged within the last hour."""
        now = time.monotonic()
        if now - self._logged_at.get(subject, -INTERVAL_SECONDS) >= INTERVAL_SECONDS:
            self._logged_at[subject] = now
            _log.warning("%s", message)
