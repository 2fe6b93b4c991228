"""The influence of the length of the history on storing a report and on reading an old one.

Two databases, one with a hundred times the reports of the other, are measured turn by turn.
The fleet is small (20 servers), so that each has the longer history.

    python -m tests.benchmarks.growth
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from service.store.engines import open_database
from service.store.queries import load_queries
from service.store.write.reports import ReportStore
from tests.benchmarks.fleet import SimulatedServer, fill
from tests.benchmarks.outcome import Progress, show
from tests.support.live import LiveService


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--short", type=int, default=1_000, help="reports in the one database")
    parser.add_argument("--long", type=int, default=100_000, help="reports in the other")
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    parser.add_argument("--times", type=int, default=400, help="of each measurement")
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        short = History(Path(name) / "short", options, options.short)
        long = History(Path(name) / "long", options, options.long)
        reading = _compare("reading", options.times, short.read_one, long.read_one)
        for history in (short, long):
            history.stop()
        storing = _compare("storing", options.times, short.store_one, long.store_one)
    show(
        f"growth: {options.servers} servers, {options.processes} processes,"
        f" {options.change:.0%} change",
        [
            {
                "median ms": what,
                f"{options.short} reports": 1e3 * times[0],
                f"{options.long} reports": 1e3 * times[1],
                "ratio": times[1] / times[0],
            }
            for what, times in (
                ("store a report", storing),
                ("GET /servers/{id}/procesos", reading),
            )
        ],
        {"limit of the ratio": 1.3},
    )


class History:
    """A database with so many reports, and the service that answers from it."""

    def __init__(self, folder: Path, options: argparse.Namespace, reports: int) -> None:
        folder.mkdir()
        self._random = random.Random(reports)
        self._fleet = [
            SimulatedServer(number, options.processes, options.change)
            for number in range(options.servers)
        ]
        self._live = LiveService(folder / "var", COMPLIANCE_WORKERS="1")
        self._live.data.mkdir()
        fill(self._live.database, self._fleet, reports // options.servers)
        connection = sqlite3.connect(self._live.database)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # An old record of a process: any but the newest tenth.
        self._old = range(1, round(0.9 * reports))
        connection.close()
        self._store = ReportStore(open_database(self._live.database), load_queries())
        self._live.start()

    def stop(self) -> None:
        self._live.stop()

    def read_one(self) -> None:
        answer = self._live.get(f"/servers/{self._random.choice(self._old)}/procesos")
        assert answer.status == 200

    def store_one(self) -> float | None:
        server = self._random.choice(self._fleet)
        report = server.report()
        started = time.perf_counter()
        self._store.add(report, server.taken_at)
        spent = time.perf_counter() - started
        server.advance()
        return spent


def _compare(
    what: str,
    count: int,
    short: Callable[[], float | None],
    long: Callable[[], float | None],
) -> tuple[float, float]:
    """The median seconds of both, taken in turns so that a slow moment meets both."""
    progress = Progress(what)
    times: tuple[list[float], list[float]] = ([], [])
    for done in range(count):
        for measured, act in zip(times, (short, long), strict=True):
            started = time.perf_counter()
            own = act()
            measured.append(own if own is not None else time.perf_counter() - started)
        progress.show(done + 1, count)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
