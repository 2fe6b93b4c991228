"""The time of every request and page in a large fleet, with a short and a long history.

Two databases of the same fleet, one with ten times the reports of the other, are asked by turns,
each by one worker over a connection that is kept: connecting is not measured, all else is, up
to the last byte of the answer. Beside it stands the processor time of the worker, which a busy
machine does not change much. The databases are kept for the next run.

    python -m tests.benchmarks.asking
"""

from __future__ import annotations

import argparse
import http.client
import math
import re
import statistics
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qs, quote, urlsplit

import orjson

from service import times
from tests.benchmarks.asked_history import Known, Size, open_history
from tests.benchmarks.asked_requests import LIMIT_OF_THE_RATIO, Request, requests
from tests.benchmarks.outcome import Cell, Progress, show
from tests.support.live import LiveService

_HOUR = 3_600_000_000
_WARM_UP = 2  # times that each request is asked before any is measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--servers", type=int, default=1_000)
    parser.add_argument("--short", type=int, default=20_000, help="reports in the one database")
    parser.add_argument("--long", type=int, default=200_000, help="reports in the other")
    parser.add_argument("--processes", type=int, default=300)
    parser.add_argument("--change", type=float, default=0.05)
    parser.add_argument("--times", type=int, default=25, help="of each request")
    parser.add_argument("--only", default="", help="a regular expression for the addresses")
    parser.add_argument("--strict", action="store_true", help="a missed limit is an error")
    parser.add_argument("--folder", type=Path, default=Path("var/benchmarks"))
    options = parser.parse_args()
    sizes = [
        Size(options.servers, options.processes, options.change, reports)
        for reports in (options.short, options.long)
    ]
    folders = [open_history(options.folder, size) for size in sizes]
    asked = [request for request in requests() if re.search(options.only, request.address)]
    with Asked(folders[0]) as short, Asked(folders[1]) as long:
        outcomes = _measure(asked, short, long, options.times)
        reports = [side.known.reports for side in (short, long)]
    show(
        f"asking: {options.servers} servers, {options.processes} processes,"
        f" {options.change:.0%} change, one worker",
        [outcome.row(reports) for outcome in outcomes],
        {
            "limit of the ratio, for what does not return history": LIMIT_OF_THE_RATIO,
            "requests": len(outcomes),
            "beyond a limit": sum(bool(outcome.missed) for outcome in outcomes),
        },
    )
    if options.strict and any(outcome.missed for outcome in outcomes):
        sys.exit(1)


class Got(NamedTuple):
    """An answer, and what it took up to its last byte."""

    status: int
    body: bytes
    milliseconds: float
    processor_ms: float


class Asked:
    """A database, and the service that answers from it."""

    def __init__(self, data: Path) -> None:
        self._live = LiveService(data, COMPLIANCE_WORKERS="1")
        self.known = Known(self._live.database, seed=1)

    def __enter__(self) -> Self:
        self._live.start()
        self._connection = http.client.HTTPConnection("127.0.0.1", self._live.port, timeout=60)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._live.stop()

    def address(self, template: str) -> str:
        """An address with something at random in each place that the template leaves open."""
        first = template.partition("cursor=")[0]
        return re.sub(r"\{(\w+)\}", lambda place: self._drawn(place[1], first), template)

    def get(self, address: str) -> Got:
        before, started = self._processor_ms(), time.perf_counter()
        self._connection.request("GET", address)
        response = self._connection.getresponse()
        body = response.read()
        spent = 1e3 * (time.perf_counter() - started)
        return Got(response.status, body, spent, self._processor_ms() - before)

    def _processor_ms(self) -> float:
        """What the worker has spent so far: proc(5) gives it for each thread, in nanoseconds."""
        (worker,) = self._live.worker_pids()
        threads = Path(f"/proc/{worker}/task").glob("*/schedstat")
        return sum(int(path.read_text(encoding="ascii").split()[0]) for path in threads) / 1e6

    def _drawn(self, place: str, first_page: str) -> str:
        if place == "next":
            return self._cursor_after(first_page)
        if place in {"record", "server"}:
            return str(self.known.record() if place == "record" else self.known.server())
        moment = self.known.time()
        return {
            "moment": _text(moment),
            "hour": f"desde={_text(moment)}&hasta={_text(moment + _HOUR)}",
            "day": f"desde={_text(moment)}&hasta={_text(moment + 24 * _HOUR)}",
            "since": f"desde={_text(moment - 6 * _HOUR)}&fecha_hora={_text(moment)}",
        }[place]

    def _cursor_after(self, first_page: str) -> str:
        got = self.get(first_page.rstrip("?&"))
        following = orjson.loads(got.body)["siguiente"] if got.status == 200 else None
        return parse_qs(urlsplit(following).query)["cursor"][0] if following else "0" * 16


class Outcome(NamedTuple):
    """Of one request, what both databases answered."""

    request: Request
    short: list[Got]
    long: list[Got]

    @property
    def status(self) -> int:
        return max(got.status for got in self.short + self.long)

    @property
    def medians(self) -> tuple[float, float]:
        """Milliseconds, of the short history and of the long one."""
        short, long = (
            statistics.median(got.milliseconds for got in side) for side in (self.short, self.long)
        )
        return short, long

    @property
    def missed(self) -> str:
        """Which of its limits, if any."""
        if self.status != 200:
            return f"status {self.status}"
        short, long = self.medians
        missed = ["time"] if long > self.request.limit_ms else []
        if long / short > LIMIT_OF_THE_RATIO and not self.request.returns_history:
            missed.append("ratio")
        return ", ".join(missed)

    def row(self, reports: list[int]) -> dict[str, Cell]:
        short, long = self.medians
        waits = sorted(got.milliseconds for got in self.long)
        return {
            "request": self.request.address,
            f"median ms, {reports[0]} reports": short,
            f"{reports[1]} reports": long,
            "ratio": long / short,
            "p95 ms": waits[math.ceil(0.95 * len(waits)) - 1],
            "limit ms": self.request.limit_ms,
            "processor ms": statistics.median(got.processor_ms for got in self.long),
            "kB": statistics.median(len(got.body) for got in self.long) / 1000,
            "beyond": self.missed,
        }


def _measure(asked: list[Request], short: Asked, long: Asked, count: int) -> list[Outcome]:
    """Asks both by turns, so that a slow moment meets both."""
    progress, outcomes = Progress("asking"), []
    for done, request in enumerate(asked):
        progress.show(done, len(asked), request.address)
        outcome = Outcome(request, [], [])
        for turn in range(_WARM_UP + count):
            for side, answers in ((short, outcome.short), (long, outcome.long)):
                got = side.get(side.address(request.address))
                if turn >= _WARM_UP:
                    answers.append(got)
        outcomes.append(outcome)
    progress.show(len(asked), len(asked))
    return outcomes


def _text(moment: int) -> str:
    return quote(times.to_text(moment))


if __name__ == "__main__":
    main()
