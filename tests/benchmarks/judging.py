"""What judging costs the evaluator alone: processor, bytes, and time of the writers' lock.

    python -m tests.benchmarks.judging [--servers 200] [--processes 300] [--reports 5]

Time of processor is that of the evaluator and of the guard's process, and hardly depends on what
else runs. The writers' lock is what those who report wait for. Limit: 2 ms of processor for each
report, all of it included: reading, copying, judging and storing. The fleet passes, so that no
report may add a byte to the tables of verdicts. By all rows is what a report costs where a rule
sees all processes; then all rules are asked of each report.
"""

from __future__ import annotations

import argparse
import cProfile
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from service import times
from service.config import Config
from service.policies.evaluator.evaluator import Evaluator
from service.store.engines import Connection, open_database
from service.store.queries import load_queries
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from tests.benchmarks.fleet import SimulatedServer
from tests.benchmarks.outcome import show
from tests.support import engine

_OF_VERDICTS = ("judgement", "verdict_span", "violation", "late_sighting", "relapse_gap", "judged")
_NEVER = 86_400  # seconds between two ticks of the fleet, which would add to some runs
REPORT_LIMIT = 2.0  # milliseconds of processor


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        return _measure(Config(data=Path(folder)), options)


def _measure(config: Config, options: argparse.Namespace) -> int:
    start = times.now() - 2 * times.HOUR
    fleet = [
        SimulatedServer(n, options.processes, 0.05, 2, start) for n in range(1, options.servers + 1)
    ]
    with closing(open_database(config.database)) as database:
        database.migrate()
        store = ReportStore(database, load_queries())
        _add(store, fleet, 1)
        # Takes up the rules, and judges once, those about the fleet too.
        with Evaluator(replace(config, fleet_every=1)) as evaluator:
            evaluator.begin(look_seconds=0)
            _add(store, fleet, 1)
            while not engine.rows(config.database, "SELECT 1 FROM fleet_tick WHERE at > 0"):
                _work(evaluator)
                time.sleep(0.1)
        with Evaluator(replace(config, fleet_every=_NEVER)) as evaluator:
            evaluator.begin(look_seconds=0)
            _work(evaluator)
            _add(store, fleet, 1)
            _work(evaluator)  # statements are prepared
            _add(store, fleet, options.reports)
            held: list[float] = []
            size = _size_of_verdicts(config)
            _time_transactions(evaluator, held)
            own, guard = time.process_time(), _spent(evaluator)
            profile = cProfile.Profile() if options.profile else None
            if profile is not None:
                profile.enable()
            rounds = _work(evaluator)
            if profile is not None:
                profile.disable()
                profile.dump_stats(options.profile)
            own, guard = time.process_time() - own, _spent(evaluator) - guard
            size = _size_of_verdicts(config) - size
            evaluator._rounds._judge._sees = False
            _add(store, fleet, options.reports)
            whole = -time.process_time() - _spent(evaluator)
            _work(evaluator)
            whole += time.process_time() + _spent(evaluator)
    reports = options.servers * options.reports
    per_report = 1000 * (own + guard) / reports
    show(
        f"judging: {reports} reports of {options.servers} servers, {options.processes} processes",
        [
            {"what": "processor a report, ms", "value": per_report, "limit": REPORT_LIMIT},
            {"what": "of the evaluator, ms", "value": 1000 * own / reports, "limit": "-"},
            {"what": "of the guard, ms", "value": 1000 * guard / reports, "limit": "-"},
            {"what": "by all rows, ms", "value": 1000 * whole / reports, "limit": "-"},
            {"what": "bytes a report", "value": size / reports, "limit": 0},
            {"what": "lock, longest, ms", "value": 1000 * max(held), "limit": "-"},
            {"what": "lock a report, ms", "value": 1000 * sum(held) / reports, "limit": "-"},
        ],
        {"rounds": rounds, "transactions": len(held)},
    )
    return 0 if per_report <= REPORT_LIMIT and size == 0 else 1


def _size_of_verdicts(config: Config) -> int:
    """Bytes in rows and indexes of the tables of verdicts, and pages that they have half filled."""
    ((size,),) = engine.rows(
        config.database,
        "SELECT sum(stat.payload) FROM dbstat AS stat JOIN sqlite_schema AS made"
        " ON made.name = stat.name WHERE stat.aggregate = 1"
        f" AND made.tbl_name IN ({', '.join('?' * len(_OF_VERDICTS))})",
        _OF_VERDICTS,
    )
    return int(size)


def _add(store: ReportStore, fleet: list[SimulatedServer], rounds: int) -> None:
    for _ in range(rounds):
        for server in fleet:
            server.advance()
        store.add_all([NewReport(server.report(), times.now()) for server in fleet])


def _work(evaluator: Evaluator) -> int:
    rounds = 0
    while evaluator.work():
        rounds += 1
    return rounds


def _time_transactions(evaluator: Evaluator, held: list[float]) -> None:
    """Notes how long each transaction of the evaluator has the writers' lock, in seconds."""
    transaction = evaluator._database.transaction

    @contextmanager
    def timed() -> Iterator[Connection]:
        with transaction() as connection:
            began = time.perf_counter()
            yield connection
        held.append(time.perf_counter() - began)

    evaluator._database.transaction = timed  # type: ignore[method-assign]


def _spent(evaluator: Evaluator) -> float:
    # proc(5): nanoseconds on a processor, nanoseconds of waiting, time slices.
    pid = evaluator._guard.pid
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--reports", type=int, default=5, help="of each server")
    parser.add_argument("--profile", type=Path, default=None, help="a file for cProfile")
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
