"""What a report costs after a clock jumped, against one of a clock that is right.

Each server is stored twice: as it reports with a right clock, and with a clock that did something.
Bytes and processor time are averaged over the 100 reports after the jump.

    python -m tests.benchmarks.jumps
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from service.times import HOUR
from tests.benchmarks.fleet import INTERVAL, SimulatedServer
from tests.benchmarks.outcome import Cell, Progress, show

LIMIT = 1.3
BEFORE = 20  # reports of each server before the jump

Clock = Callable[[int, int], int]  # fecha_hora, of the number of a report after the jump and its r

IN_2099 = 4_070_908_800_000_000
CLOCKS: dict[str, Clock] = {
    "right": lambda _, received_at: received_at,
    "one report of 2099": lambda n, received_at: IN_2099 if n == 0 else received_at,
    "30 reports of 2099": lambda n, received_at: IN_2099 + n if n < 30 else received_at,
    "set back by 1 h": lambda _, received_at: received_at - HOUR,
    "set back by 3 h": lambda _, received_at: received_at - 3 * HOUR,
    "set back by a year": lambda _, received_at: received_at - 365 * 24 * HOUR,
    "set ahead by a year": lambda _, received_at: received_at + 365 * 24 * HOUR,
    "stands still": lambda n, received_at: received_at - n * INTERVAL,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=10)
    parser.add_argument("--reports", type=int, default=100, help="of each server after the jump")
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        costs = {
            what: _cost(Path(name) / f"{number}.db", options, clock, what)
            for number, (what, clock) in enumerate(CLOCKS.items())
        }
    size, seconds = costs["right"]
    rows: list[Mapping[str, Cell]] = [
        {
            "clock": what,
            "bytes a report": its_size,
            "ms of processor": 1e3 * its_seconds,
            "bytes ratio": its_size / size,
            "time ratio": its_seconds / seconds,
        }
        for what, (its_size, its_seconds) in costs.items()
    ]
    show(
        f"jumps: {options.servers} servers, {options.processes} processes,"
        f" the {options.reports} reports after a jump",
        rows,
        {"limit of the ratios": LIMIT},
    )
    if any(its_size > LIMIT * size for its_size, _ in costs.values()):
        sys.exit("jumps: the bytes of some clock are over the limit")


def _cost(path: Path, options: argparse.Namespace, clock: Clock, what: str) -> tuple[float, float]:
    """Bytes and seconds of processor for each report after the jump."""
    database = open_database(path)
    database.migrate()
    store, progress = ReportStore(database, load_queries()), Progress(what)
    fleet = [
        SimulatedServer(number, options.processes, options.change)
        for number in range(options.servers)
    ]
    for _ in range(BEFORE):
        _round(store, fleet, lambda _, received_at: received_at, 0)
    before, started = _bytes(path), time.process_time()
    for n in range(options.reports):
        _round(store, fleet, clock, n)
        progress.show(n + 1, options.reports)
    seconds = time.process_time() - started
    database.close()
    reports = options.reports * len(fleet)
    return (_bytes(path) - before) / reports, seconds / reports


def _round(store: ReportStore, fleet: list[SimulatedServer], clock: Clock, n: int) -> None:
    for server in fleet:
        right = server.taken_at
        report = replace(server.report(), taken_at=clock(n, right))
        store.add_all([NewReport(report, right, store.plan(report, right))])
        server.advance()


def _bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


if __name__ == "__main__":
    main()
