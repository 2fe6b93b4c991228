"""Reports in memory, for as long as the spool cannot be written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from agent import wire

if TYPE_CHECKING:
    from agent.wire import WireReport

MAX_REPORTS = 100
MAX_BYTES = 16 << 20


class QueuedReport(NamedTuple):
    name: str
    body: bytes


class MemoryQueue:
    """The oldest report is dropped beyond 100 reports or 16 MiB; the next report counts it."""

    def __init__(self) -> None:
        self._reports: list[QueuedReport] = []
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._reports)

    def __contains__(self, name: object) -> bool:
        return any(report.name == name for report in self._reports)

    def put(self, document: WireReport) -> str:
        """Keep a report, which counts the dropped ones in `descartados`; returns its name."""
        name = f"in memory since {time.monotonic_ns()}"
        body = wire.encode(wire.with_dropped_count(document, self._dropped))
        self._dropped = 0
        self._reports.append(QueuedReport(name, body))
        while len(self._reports) > MAX_REPORTS or (
            len(self._reports) > 1 and sum(len(each.body) for each in self._reports) > MAX_BYTES
        ):
            self._dropped += 1 + wire.dropped_count(self._reports.pop(0).body)
        return name

    def first(self) -> QueuedReport | None:
        return self._reports[0] if self._reports else None

    def remove_first(self, unreported_drops: int = 0) -> None:
        """The first report has been handled.

        unreported_drops: dropped reports that it counted in vain; the next report counts them
        """
        self._dropped += unreported_drops
        self._reports.pop(0)

    def bodies(self) -> list[bytes]:
        return [report.body for report in self._reports]
