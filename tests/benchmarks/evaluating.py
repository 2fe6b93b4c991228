"""The evaluator beside a service under a steady load: how soon violations are there, at what cost.

    python -m tests.benchmarks.evaluating [--rate 200] [--seconds 20] [--runs 3] [--backtest]

Runs with and without the evaluator take turns on services of their own, since machines are noisy.
Each posts the same reports of a passing fleet at the same rate. Limits: the 99th percentile of the
latency of ingest within 1.2 of what it is without, by the median of the ratios of runs that follow
each other; a violation of a rule about a server within 10 s. A third kind of run is beside a
process that computes for as much of the time and touches nothing of the service: what is more than
that comes of locks and the disk, and could be less; the rest is a matter of how many cores there
are.
Time of processor is that of the evaluator and its guard while the load lasts and until all of it is
judged, ticks of the fleet and waiting included.

With --backtest the evaluator runs throughout, and what is compared is a service beside which
back-tests of a rule follow each other.

What judging costs by itself, and in bytes, is said by tests/benchmarks/judging.py.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.beside import back_tests, computes
from tests.benchmarks.fleet import SimulatedServer
from tests.benchmarks.outcome import show
from tests.support.live import LiveService, wait_until
from tests.support.reports import report

RATIO_LIMIT = 1.2
DELAY_LIMIT = 10.0  # seconds
WARM_UP_SECONDS = 3.0
USUAL_DELAY = 0.6  # seconds
MARKER_SECONDS = 1.0  # between two reports that fail

_TICKS = os.sysconf("SC_CLK_TCK")


class Run(NamedTuple):
    """p50, p99, delays: seconds. behind: until all was judged after the load.

    service, evaluator: seconds of processor for one report.
    """

    p50: float
    p99: float
    delays: list[float]
    behind: float
    service: float
    evaluator: float


def main() -> int:
    options = _options()
    off = "auto" if options.backtest else "off"
    without: list[Run] = []
    with_it: list[Run] = []
    computing: list[Run] = []
    for number in range(options.runs):
        turns = [(computing, off), (without, off), (with_it, "auto")]
        if number % 2 == 0:
            turns.reverse()
        for runs, evaluator in turns:
            tries = runs is with_it and options.backtest
            beside = computes(_share(with_it, options)) if runs is computing else nullcontext()
            with tempfile.TemporaryDirectory(dir=options.folder) as folder, beside:
                runs.append(_run(Path(folder), evaluator, options, tries=tries))
    kinds = (without, computing, with_it)
    p50 = [1000 * statistics.median(run.p50 for run in runs) for runs in kinds]
    p99 = [1000 * statistics.median(run.p99 for run in runs) for runs in kinds]
    spent = [
        1000 * statistics.median(run.service for run in without),
        1000 * statistics.median(run.evaluator for run in with_it),
    ]
    delays = [delay for run in with_it for delay in run.delays]
    ratio = _ratio(with_it, without)
    show(
        f"{'back-tests' if options.backtest else 'evaluating'}: {options.rate:g} reports/s,"
        f" {options.servers} servers,"
        f" {options.processes} processes, {options.runs} runs of each kind",
        [
            {"what": "p99 without, ms", "value": p99[0], "limit": "-"},
            {"what": "p99 beside computing, ms", "value": p99[1], "limit": "-"},
            {"what": "p99 with, ms", "value": p99[2], "limit": "-"},
            {"what": "p99 with / without", "value": ratio, "limit": RATIO_LIMIT},
            {"what": "p99 with / computing", "value": _ratio(with_it, computing), "limit": "-"},
            {"what": "p50 with / without", "value": p50[2] / p50[0], "limit": "-"},
            {"what": "violation, longest, s", "value": max(delays), "limit": DELAY_LIMIT},
            {"what": "violation, median, s", "value": statistics.median(delays), "limit": "-"},
            {"what": "evaluator, a report, ms of processor", "value": spent[1], "limit": "-"},
            {"what": "service, a report, ms of processor", "value": spent[0], "limit": "-"},
        ],
        {
            "p99 of the runs without, ms": _listed(without),
            "p99 of the runs beside computing, ms": _listed(computing),
            "p99 of the runs with, ms": _listed(with_it),
            "seconds behind at the end": max(run.behind for run in with_it),
        },
    )
    return 0 if ratio <= RATIO_LIMIT and max(delays) <= DELAY_LIMIT else 1


def _ratio(runs: Sequence[Run], others: Sequence[Run]) -> float:
    """Of neighbours, since what else a machine does changes in the course of minutes."""
    return statistics.median(one.p99 / other.p99 for one, other in zip(runs, others, strict=True))


def _share(runs: Sequence[Run], options: argparse.Namespace) -> float:
    """The share of a core that what is measured takes; back-tests take all of it."""
    if options.backtest:
        return 1.0
    rate: float = options.rate
    return rate * statistics.median([run.evaluator for run in runs] or [0.0])


def _listed(runs: Sequence[Run]) -> str:
    return " ".join(f"{1000 * run.p99:.0f}" for run in runs)


def _run(folder: Path, evaluator: str, options: argparse.Namespace, *, tries: bool) -> Run:
    """tries: whether back-tests run beside."""
    live = LiveService(folder / "var", COMPLIANCE_EVALUATOR=evaluator).start()
    try:
        load = _Load(live, options)
        markers = _Markers(live, are_judged=evaluator == "auto")
        if markers.are_judged:
            wait_until(lambda: len(_evaluators(live)) == 2)
            wait_until(lambda: live.rows("SELECT 1 FROM policy_text LIMIT 1"))  # rules are taken up
        workers = live.worker_pids()
        before = processor_seconds(workers), processor_seconds(_evaluators(live))
        load.start()
        markers.start()
        with back_tests(live) if tries else nullcontext():
            load.join()
        markers.stop()
        behind = 0.0
        if markers.are_judged:
            began = time.monotonic()
            wait_until(lambda: _behind(live) == 0, 600)
            behind = time.monotonic() - began
        percentiles = statistics.quantiles(load.latencies, n=100)
        return Run(
            percentiles[49],
            percentiles[98],
            markers.delays,
            behind,
            (processor_seconds(workers) - before[0]) / load.posted,
            (processor_seconds(_evaluators(live)) - before[1]) / load.posted,
        )
    finally:
        live.stop()


def _behind(live: LiveService) -> int:
    return int(live.get("/readyz").json()["evaluacion"]["servidores_pendientes"])


def _evaluators(live: LiveService) -> list[int]:
    """The evaluator and its guard, once they run: the children of workers, and theirs."""
    found = [child for worker in live.worker_pids() for child in _children(worker)]
    return found + [child for parent in found for child in _children(parent)]


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text(encoding="ascii").split()
    ]


def processor_seconds(pids: Iterable[int]) -> float:
    """Seconds of processor that processes have taken. proc(5): utime and stime."""
    stats = [Path(f"/proc/{pid}/stat").read_text(encoding="ascii") for pid in pids]
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    return sum(int(field) for each in fields for field in each[11:13]) / _TICKS


class _Load:
    """Posts at a steady rate, whatever the answers take: each client has its own times."""

    def __init__(self, live: LiveService, options: argparse.Namespace) -> None:
        self._live, self._options = live, options
        self.latencies: list[float] = []
        total = WARM_UP_SECONDS + options.seconds
        fleet = [
            SimulatedServer(n, options.processes, 0.05, 2) for n in range(1, options.servers + 1)
        ]
        self._documents: list[bytes] = []
        while len(self._documents) < options.rate * total:
            for server in fleet:
                self._documents.append(server.document())
                server.advance()
        self.posted = len(self._documents)
        self._threads = [
            threading.Thread(target=self._client, args=[n]) for n in range(options.clients)
        ]

    def start(self) -> None:
        self._began = time.perf_counter()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _client(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._live.port, timeout=30)
        headers = {"Content-Type": "application/json"}
        ends = WARM_UP_SECONDS + self._options.seconds
        for at, document in self._turns(number):
            if at >= ends:
                break
            due = self._began + at
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", "/servers", document, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 201, answer.status
            if at >= WARM_UP_SECONDS:
                self.latencies.append(time.perf_counter() - due)
        connection.close()

    def _turns(self, number: int) -> Iterator[tuple[float, bytes]]:
        """When this client posts what. Reports of a server come from one client, in order."""
        for turn, document in enumerate(self._documents):
            if turn % self._options.servers % self._options.clients == number:
                yield turn / self._options.rate, document


class _Markers(threading.Thread):
    """Posts reports that fail, each of a server of its own, and notes when their rows are there.

    Where nothing is judged it looks for them for as long, which costs as much.
    """

    def __init__(self, live: LiveService, *, are_judged: bool) -> None:
        super().__init__()
        self._live, self.are_judged = live, are_judged
        self._stopped = threading.Event()
        self.delays: list[float] = []

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        self._stopped.wait(WARM_UP_SECONDS)
        number = 0
        while not self._stopped.wait(MARKER_SECONDS):
            number += 1
            address = f"192.168.{number >> 8}.{number & 255}"
            document = report(0, ipaddress=address)
            document["procesos"] = [
                {"username": "root", "pid": 1, "name": "init"},
                {"username": "juan", "pid": 2, "name": "xmrig"},
            ]
            assert self._live.post(document).status == 201
            posted = time.monotonic()
            query = "SELECT count(*) FROM violation JOIN policy_text ON policy_text.id = text_id"
            query += " WHERE rule = 'minero'"
            if self.are_judged:
                wait_until(lambda: self._live.rows(query) == [(number,)], 300)  # noqa: B023
                self.delays.append(time.monotonic() - posted)
            else:
                with suppress(AssertionError):
                    wait_until(lambda: self._live.rows(query) == [(number,)], USUAL_DELAY)  # noqa: B023


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=200, help="reports a second")
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--runs", type=int, default=3, help="of each kind")
    parser.add_argument("--backtest", action="store_true", help="compare with back-tests beside")
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
