"""What a back-test costs: rules on servers swept, and on copies of every report; the fleet hourly.

    python -m tests.benchmarks.backtest [--servers 100] [--days 30] [--database FOLDER]

The database is made once, and kept in the folder. The limits are those of 100 servers that report
every 5 minutes for 30 days, on one core: a database of another size is scaled to that. Copies are
judged on the first server alone, and have to give what the sweep gave there.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from service import times
from service.config import Config
from service.policies.backtest.candidate import Candidates, read_folder
from service.policies.backtest.history import Axis, Period
from service.policies.backtest.replay import ServerFound
from service.policies.backtest.runs import BackTest
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence
from service.policies.rules.rule import Scope
from service.times import DAY, HOUR
from tests.benchmarks.asked_history import Size, open_history
from tests.benchmarks.outcome import Cell, show

_FULL = 100 * 30 * 288  # reports
_LIMIT = 120.0  # seconds, for rules about one server; and for the fleet, hourly
_A_DAY = 288  # reports
_Given = TypeVar("_Given")
_RULES = ("servicio-telnet", "web-como-root", "sin-auditd", "minero")


def main() -> int:
    options = _options()
    size = Size(options.servers, 300, 0.05, options.servers * options.days * _A_DAY)
    data = open_history(options.database, size)
    config = Config(data=data)
    rows: list[dict[str, Cell]] = []
    with BackTest(config) as test:
        candidates = read_folder(None, test.guard, Silence(900, 3))
        now = times.now()
        period = test.period(now - (options.days + 1) * DAY, now)
        for rule in _RULES:
            of_rule = partial(_servers, test, candidates, rule, period)
            swept, seconds = _timed(of_rule)
            few, on_copies = _timed(partial(of_rule, sweeps=False))
            assert _violations(few) == _violations(swept[:1]), rule
            scaled = seconds * _FULL / size.reports
            rows.append(
                {
                    "rule": rule,
                    "microseconds a report": seconds / size.reports * 1e6,
                    "on copies": on_copies / (size.reports / size.servers) * 1e6,
                    "seconds at full size": scaled,
                    "of the limit": scaled / _LIMIT,
                }
            )
        _, seconds = _timed(lambda: _fleet(test, candidates, period))
        scaled = seconds * _FULL / size.reports
        rows.append(
            {
                "rule": "programa-unico, hourly",
                "microseconds a report": seconds / size.reports * 1e6,
                "on copies": "—",
                "seconds at full size": scaled,
                "of the limit": scaled / _LIMIT,
            }
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    show(
        f"back-test of {size.servers} servers, {options.days} days, {size.reports} reports",
        rows,
        {"MiB of memory": memory},
    )
    return 0


def _servers(
    test: BackTest, candidates: Candidates, rule: str, period: Period, *, sweeps: bool = True
) -> list[ServerFound]:
    servers = test.servers() if sweeps else test.servers()[:1]
    chosen = _load(test, candidates, rule)
    found = test.of_servers(chosen.rules, period, Axis.LLEGADA, servers, sweeps=sweeps)
    return list(found)


def _fleet(test: BackTest, candidates: Candidates, period: Period) -> int:
    chosen = _load(test, candidates, "programa-unico")
    assert all(made.rule.scope is Scope.FLOTA for made in chosen.rules.values())
    run = test.of_fleet(chosen.rules, period, Axis.LLEGADA, HOUR)
    return sum(1 for _ in run.ticks)


def _load(test: BackTest, candidates: Candidates, rule: str) -> Candidates:
    made = candidates.rules[rule]
    test.guard.load([JudgedRule.of(made.rule)], candidates.data.tables())
    return Candidates({rule: made}, candidates.data, ())


def _violations(found: Iterable[ServerFound]) -> list[object]:
    return [
        violation.values()
        for of_server in found
        for of_rule in of_server.rules.values()
        for violation in of_rule.violations
    ]


def _timed(work: Callable[[], _Given]) -> tuple[_Given, float]:
    began = time.perf_counter()
    given = work()
    return given, time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--database", type=Path, default=Path(tempfile.gettempdir()))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
