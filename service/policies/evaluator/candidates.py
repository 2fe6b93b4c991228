"""Which servers have reports to judge, without a look at every server each time."""

from __future__ import annotations

import time

from service.store.engines import Connection
from service.store.read.unjudged import UnjudgedReader

_SWEEP_SECONDS = 10.0  # between two looks at every server, which find what numbers do not tell


class Candidates:
    """Remembers who had reports waiting, and looks at those who have reports that are newer."""

    def __init__(self, reader: UnjudgedReader) -> None:
        self._reader = reader
        self._servers: set[int] = set()
        self._last_report = 0
        self._sweep_at = 0.0  # of time.monotonic()

    def next_reports(self, connection: Connection) -> list[int]:
        """The number of the report of each server that comes next, in the order of arrival."""
        now, last_report = time.monotonic(), self._reader.last_report(connection)
        found: dict[int, int] | None = None
        if now < self._sweep_at:
            newer = self._reader.servers_since(connection, self._last_report)
            found = self._reader.next_reports_of(connection, self._servers | newer)
        if found is None:  # it is time, or there are servers whose beginning has to be found
            found = self._reader.next_reports(connection)
            self._sweep_at = now + _SWEEP_SECONDS
        self._servers, self._last_report = set(found), last_report
        return list(found.values())
