"""A database to ask: filled once, and kept for the next run with the same parameters."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service import times
from service.report import Profile, Report
from service.store.engines.sqlite import SqliteDatabase
from service.store.queries import load_queries
from service.store.read.records import Record, RecordStore
from service.store.write.reports import NewReport, ReportStore
from tests.benchmarks.asked_fleet import AskedServer
from tests.benchmarks.fleet import INTERVAL, SERVERS_TOGETHER, fill_made
from tests.benchmarks.outcome import Progress

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """The parameters of such a database."""

    servers: int
    processes: int
    change: float
    reports: int  # of all servers together

    def __str__(self) -> str:
        return f"{self.servers}x{self.processes}x{self.change:g}-{self.reports}"


def open_history(folder: Path, size: Size) -> Path:
    """The data folder of a database of this size, whose newest reports are a few minutes old.

    It gets its name when it is complete, since the filling may be interrupted.
    """
    data = folder / f"asking-{size}"
    if not data.exists():
        unfinished = folder / f"asking-{size}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        rounds = size.reports // size.servers
        end = times.now()

        def make(number: int) -> AskedServer:
            return AskedServer(number, size.processes, size.change, rounds, end)

        fill_made(unfinished / "compliance.db", make, size.servers, rounds)
        unfinished.rename(data)
    database = SqliteDatabase(data / "compliance.db")
    before, started = database.version(), time.perf_counter()
    database.migrate()
    if database.version() > before:
        spent = time.perf_counter() - started
        sys.stderr.write(f"{data} was brought from version {before} on in {spent:.1f} s\n")
    _report_again(database)
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return data


def _report_again(database: SqliteDatabase) -> None:
    """Lets every server that was live say once more what it said last, if that was long ago.

    Otherwise all servers would be silent.
    """
    with database.snapshot() as connection:
        newest = connection.execute(
            "SELECT max(id), max(taken_at) FROM report WHERE seq > 0 GROUP BY server_id"
        ).fetchall()
    last_at, now = max(taken_at for _, taken_at in newest), times.now()
    if now - last_at < INTERVAL:
        return
    live = [id_serv for id_serv, taken_at in newest if last_at - taken_at < 3 * INTERVAL]
    queries = load_queries()
    records, reports = RecordStore(database, queries), ReportStore(database, queries)
    progress = Progress("newest reports")
    for first in range(0, len(live), SERVERS_TOGETHER):
        some = [
            _at(records.record(id_serv), now - id_serv % 200 * _SECOND)
            for id_serv in live[first : first + SERVERS_TOGETHER]
        ]
        reports.add_all([NewReport(report, report.taken_at) for report in some])
        progress.show(first + len(some), len(live))


def _at(record: Record, taken_at: int) -> Report:
    """A report that says the same as a record, of another moment."""
    server = record.server._asdict()
    profile = {name: server[name] for name in Profile._fields if name in server}
    if record.server.version_esquema == 1:
        profile["version_esquema"] = None
    return Report(
        taken_at,
        Profile(**profile),
        [(row.pid, row.name, row.username, _parsed(row.inicio)) for row in record.processes],
        [
            (row.pid, row.username, row.terminal, row.origen, _parsed(row.desde))
            for row in record.logins
        ],
        taken_at.to_bytes(16, "big"),
        [(row.ppid, row.ejecutable, row.linea_comando) for row in record.processes],
        record.server.id_maquina,
        record.server.descartados,
    )


def _parsed(text: str | None) -> int | None:
    return None if text is None else times.parse(text)


class Known:
    """Random existing values of a database, to ask for."""

    def __init__(self, path: Path, seed: int) -> None:
        self._random = random.Random(seed)
        with closing(sqlite3.connect(path)) as connection:
            # Between the reports that were stored at first and those of a later run nothing is.
            rows = connection.execute("SELECT taken_at FROM report")
            self._times: list[int] = [taken_at for (taken_at,) in rows]
            self._servers: int = connection.execute("SELECT max(id) FROM server").fetchone()[0]
        self.reports = len(self._times)

    def time(self) -> int:
        """When any report was taken."""
        return self._random.choice(self._times)

    def record(self) -> int:
        """The id_serv of any report."""
        return self._random.randint(1, self.reports)

    def server(self) -> int:
        return self._random.randint(1, self._servers)
