"""How many bytes of the database a report takes, against three literal tables.

python -m tests.benchmarks.disk
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from pathlib import Path

from tests.benchmarks.fleet import SimulatedServer, fill
from tests.benchmarks.outcome import Progress, show
from tests.support import plain_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--reports", type=int, default=200, help="of each server")
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    options = parser.parse_args()
    # The literal tables grow by the same with every report: a tenth of them tells enough.
    some = max(1, options.reports // 10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for version in (1, 2):
            fill(folder / f"spans{version}.db", _fleet(options, version), options.reports)
            _fill_plain(folder / f"plain{version}.db", _fleet(options, version), some)
        spans, spans_2 = (
            _bytes(folder / f"spans{version}.db") / (options.servers * options.reports)
            for version in (1, 2)
        )
        plain, plain_2 = (
            _bytes(folder / f"plain{version}.db") / (options.servers * some) for version in (1, 2)
        )
    show(
        f"disk: {options.servers} servers, {options.reports} reports each,"
        f" {options.processes} processes, {options.change:.0%} change",
        [
            {"bytes a report": "three literal tables", "version 1": plain, "version 2": plain_2},
            {"bytes a report": "spans", "version 1": spans, "version 2": spans_2},
        ],
        {"times smaller": plain / spans, "limit": 700, "goal": 500},
    )


def _fleet(options: argparse.Namespace, version: int) -> list[SimulatedServer]:
    return [
        SimulatedServer(number, options.processes, options.change, version)
        for number in range(options.servers)
    ]


def _fill_plain(path: Path, fleet: list[SimulatedServer], rounds: int) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(plain_store.TABLES)
    progress = Progress("literal tables")
    for done in range(rounds):
        for server in fleet:
            plain_store.insert(connection, server.report())
            server.advance()
        connection.commit()
        progress.show(done + 1, rounds)
    connection.close()


def _bytes(path: Path) -> int:
    """The size of a database whose log was written back into it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


if __name__ == "__main__":
    main()
