"""The store and a plain store, side by side, filled with the same reports."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from service.report import UNKNOWN_DETAILS, Process, ProcessDetails, Report
from service.store.queries import load_queries
from service.store.write.new_report import Stored
from service.store.write.reports import ReportStore
from tests.support import plain_store
from tests.support.engine import ENGINES, Parameters, Rows


class ShownDetails:
    """The details that the relations must show of each process, computed as simply as possible.

    They are those of the report that began to show the process, as long as consecutive reports show
    it. Equal rows take theirs in their order. A late report has its own details.
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[Process, list[ProcessDetails]]] = {}

    def of(self, server_id: int, report: Report, *, late: bool) -> list[ProcessDetails]:
        """The details for the processes of a report that was stored now."""
        own = list(report.process_details) or [UNKNOWN_DETAILS] * len(report.processes)
        if late:
            return own
        known = self._known.get(server_id, {})
        after: dict[Process, list[ProcessDetails]] = {}
        for row, details in zip(report.processes, own, strict=True):
            copy = len(after.setdefault(row, []))
            before = known.get(row, [])
            after[row].append(before[copy] if copy < len(before) else details)
        self._known[server_id] = after
        remaining = {row: iter(details) for row, details in after.items()}
        return [next(remaining[row]) for row in report.processes]


class StoredReport(NamedTuple):
    """A stored report with all its rows."""

    server_id: int
    id_serv: int
    received_at: int
    late: bool  # as the store decided: test_placement.py
    placed_at: int  # likewise
    report: Report  # with the details that the relations must show

    @property
    def taken_at(self) -> int:
        return self.report.taken_at


class Stores:
    """The store and a plain store."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.path = folder / "compliance.db"
        self.engine = ENGINES[engine](self.path)
        self.database = self.engine.migrated()
        self.store = ReportStore(self.database, load_queries())
        self.plain = plain_store.open_in_memory()
        self.records: list[StoredReport] = []  # each stored report once, in order of arrival
        self._details = ShownDetails()

    def add(self, report: Report, received_at: int | None = None) -> Stored:
        """Stores a report in both. It arrives when it was taken, unless received_at says when."""
        received_at = report.taken_at if received_at is None else received_at
        stored = self.store.add(report, received_at)
        if stored.new:
            ((server_id, late, placed_at),) = self.rows(
                "SELECT server_id, seq < 0, placed_at FROM report WHERE id = ?", (stored.id_serv,)
            )
            details = self._details.of(server_id, report, late=bool(late))
            shown = replace(report, process_details=details)
            plain_store.insert(self.plain, shown, stored.id_serv)
            self.records.append(
                StoredReport(server_id, stored.id_serv, received_at, bool(late), placed_at, shown)
            )
        return stored

    def add_history(self, history: Sequence[tuple[Report, int]]) -> None:
        for report, received_at in history:
            self.add(report, received_at)

    def rows(self, sql: str, parameters: Parameters = ()) -> Rows:
        """Asks the store's database as a plain SQL client would."""
        return self.engine.rows(sql, parameters)

    def server_of(self, id_serv: int) -> int:
        ((server_id,),) = self.rows("SELECT server_id FROM report WHERE id = ?", (id_serv,))
        return int(server_id)

    def restart(self) -> None:
        """The next report comes to a worker that was just started, and remembers nothing."""
        self.store = ReportStore(self.database, load_queries())

    def close(self) -> None:
        self.plain.close()
        self.engine.close()
        self.database.close()


@contextmanager
def stores(engine: str = "sqlite") -> Iterator[Stores]:
    # In memory where possible: these tests are about answers, not about disks.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        both = Stores(Path(folder), engine)
        try:
            yield both
        finally:
            both.close()
