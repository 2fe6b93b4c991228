"""The evaluator beside a service under a steady load: how soon violations are there, at what cost.

    python -m tests.benchmarks.evaluating [--rate 200] [--seconds 20] [--runs 2]

Runs with and without the evaluator take turns on services of their own, since machines are noisy.
Each posts the same reports of a passing fleet at the same rate. Limits: the 99th percentile of the
latency of ingest within 1.2 of what it is without, and a violation of a rule about a server within
10 s. A passing fleet writes nothing but its cursors: the rows of verdicts do not rise with reports.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.fleet import SimulatedServer
from tests.benchmarks.outcome import show
from tests.support.live import LiveService, wait_until
from tests.support.reports import report

RATIO_LIMIT = 1.2
DELAY_LIMIT = 10.0  # seconds
WARM_UP_SECONDS = 3.0
MARKER_SECONDS = 1.0  # between two reports that fail

_OF_VERDICTS = ("judged", "judgement", "verdict_span", "violation", "late_sighting")


class Run(NamedTuple):
    """latencies, delays: seconds. behind: until all was judged after the load."""

    latencies: list[float]
    delays: list[float]
    behind: float
    rows_a_server: float


def main() -> int:
    options = _options()
    with_it: list[Run] = []
    without: list[Run] = []
    for _ in range(options.runs):
        for runs, evaluator in ((without, "off"), (with_it, "auto")):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                runs.append(_run(Path(folder), evaluator, options))
    p99 = [
        _p99([latency for run in runs for latency in run.latencies]) for runs in (without, with_it)
    ]
    delays = [delay for run in with_it for delay in run.delays]
    ratio = p99[1] / p99[0]
    show(
        f"evaluating: {options.rate} reports/s, {options.servers} servers,"
        f" {options.processes} processes",
        [
            {"what": "p99 without, ms", "value": 1000 * p99[0], "limit": "-"},
            {"what": "p99 with, ms", "value": 1000 * p99[1], "limit": "-"},
            {"what": "p99 with / without", "value": ratio, "limit": RATIO_LIMIT},
            {"what": "violation, longest, s", "value": max(delays), "limit": DELAY_LIMIT},
            {"what": "violation, median, s", "value": statistics.median(delays), "limit": "-"},
        ],
        {
            "seconds behind at the end": max(run.behind for run in with_it),
            "rows in tables of verdicts a server": with_it[-1].rows_a_server,
            "reports a server": options.rate
            * (WARM_UP_SECONDS + options.seconds)
            / options.servers,
        },
    )
    return 0 if ratio <= RATIO_LIMIT and max(delays) <= DELAY_LIMIT else 1


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _run(folder: Path, evaluator: str, options: argparse.Namespace) -> Run:
    live = LiveService(folder / "var", COMPLIANCE_EVALUATOR=evaluator).start()
    try:
        load = _Load(live, options)
        markers = _Markers(live) if evaluator == "auto" else None
        load.start()
        if markers is not None:
            markers.start()
        load.join()
        if markers is None:
            return Run(load.latencies, [], 0.0, 0.0)
        markers.stop()
        began = time.monotonic()
        wait_until(lambda: _behind(live) == 0, 600)
        return Run(load.latencies, markers.delays, time.monotonic() - began, _rows_a_server(live))
    finally:
        live.stop()


def _behind(live: LiveService) -> int:
    return int(live.get("/readyz").json()["evaluacion"]["servidores_pendientes"])


def _rows_a_server(live: LiveService) -> float:
    """Rows in the tables of verdicts, which do not rise with the reports of a passing fleet."""
    query = " + ".join(f"(SELECT count(*) FROM {table})" for table in _OF_VERDICTS)
    ((rows,),) = live.rows(f"SELECT {query}")
    ((servers,),) = live.rows("SELECT count(*) FROM server")
    return float(rows) / float(servers)


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
    """Posts reports that fail, each of a server of its own, and notes when their rows are there."""

    def __init__(self, live: LiveService) -> None:
        super().__init__()
        self._live = live
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
            wait_until(lambda: self._live.rows(query) == [(number,)], 300)  # noqa: B023
            self.delays.append(time.monotonic() - posted)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rate", type=float, default=200, help="reports a second")
    parser.add_argument("--servers", type=int, default=200)
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--runs", type=int, default=2, help="of each kind")
    parser.add_argument("--folder", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
