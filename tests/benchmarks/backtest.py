"""What a back-test costs: rules on servers, swept and on copies of every report; the fleet hourly.

    python -m tests.benchmarks.backtest [--servers 100] [--days 30] [--database FOLDER] [--all]

The database is made once, and kept in the folder. The limits are those of 100 servers that report
every 5 minutes for 30 days, on one core: times are those of processor of the back-test and its
guard, and a database of another size is scaled to that. Copies are judged on the first server
alone, and have to give what the sweep gave there; a sweep may take a third of their time. Each rule
is measured as a back-test judges it, too, which leaps over reports where it can; --all: all others.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from service import times
from service.config import Config
from service.policies.backtest.candidate import Candidates, read_folder
from service.policies.backtest.history import Axis, Period
from service.policies.backtest.replay import ServerFound
from service.policies.backtest.runs import BackTest, Way
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import Silence
from service.policies.rules.rule import Scope
from service.times import DAY, HOUR
from tests.benchmarks.asked_history import Size, open_history
from tests.benchmarks.evaluating import processor_seconds
from tests.benchmarks.outcome import Cell, show

_FULL = 100 * 30 * 288  # reports
_LIMIT = 120.0  # seconds, for rules about one server; and for the fleet, hourly
_FEW_LIMIT = 5.0  # for rules that are judged where something changed that they read
_A_DAY = 288  # reports
_RATIO_LIMIT = 1 / 3  # of the time of copies
_Given = TypeVar("_Given")
_RULES = ("servicio-telnet", "web-como-root", "sin-auditd", "minero")
_FEW = {"servicio-telnet"}  # filters of one relation
# Rules of users that have to see all processes. Each server runs one of these programs often.
_OF_ALL = {
    "users": "SELECT username AS k, count(*) AS n FROM procesos_vigentes GROUP BY k HAVING n > 400",
    "programs": "SELECT name AS k, count(*) AS n FROM procesos_vigentes GROUP BY k HAVING n > 50",
}


def main() -> int:
    options = _options()
    size = Size(options.servers, 300, 0.05, options.servers * options.days * _A_DAY)
    data = open_history(options.database, size)
    config = Config(data=data)
    rows: list[dict[str, Cell]] = []
    ratios: list[float] = []
    with BackTest(config) as test:
        candidates = _with_rules_of_all(test, read_folder(None, test.guard, Silence(900, 3)))
        now = times.now()
        period = test.period(now - (options.days + 1) * DAY, now)
        clock = partial(_timed, test)
        for rule in (*_RULES, *_OF_ALL):
            of_rule = partial(_servers, test, candidates, rule, period)
            swept, seconds = clock(of_rule)
            few, on_copies = clock(partial(of_rule, way=Way.COPIES))
            assert _violations(few) == _violations(swept[:1]), rule
            on_copies *= size.servers
            ratios.append(seconds / on_copies)
            rows.append(_row(f"{rule}, swept", size, seconds, on_copies, _LIMIT))
            leapt, seconds = clock(partial(of_rule, way=Way.LEAPS))
            assert _violations(leapt) == _violations(swept), rule
            limit = _FEW_LIMIT if rule in _FEW else _LIMIT
            rows.append(_row(rule, size, seconds, on_copies, limit))
        for rule in sorted(_others(candidates)) if options.all else ():
            found = partial(_servers, test, candidates, rule, period, way=Way.LEAPS)
            _, seconds = clock(found)
            rows.append(_row(rule, size, seconds, None, _LIMIT))
        _, seconds = clock(lambda: _fleet(test, candidates, period))
        rows.append(_row("programa-unico, hourly", size, seconds, None, _LIMIT))
        memory = {"MiB of memory": _memory("self"), "of the guard": _memory(test.guard.pid)}
    show(
        f"back-test of {size.servers} servers, {options.days} days, {size.reports} reports",
        rows,
        memory | {"limit of the ratio to copies": _RATIO_LIMIT},
    )
    return 0 if max(ratios) <= _RATIO_LIMIT else 1


def _row(
    rule: str, size: Size, seconds: float, on_copies: float | None, limit: float
) -> dict[str, Cell]:
    scaled = seconds * _FULL / size.reports
    return {
        "rule": rule,
        "microseconds a report": seconds / size.reports * 1e6,
        "on copies": "—" if on_copies is None else on_copies / size.reports * 1e6,
        "of copies": "—" if on_copies is None else seconds / on_copies,
        "seconds at full size": scaled,
        "of the limit": scaled / limit,
    }


def _memory(pid: int | str | None) -> float:
    """The most that a process has had, in MiB. proc(5): VmHWM."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (found,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found) / 1024


def _servers(
    test: BackTest, candidates: Candidates, rule: str, period: Period, *, way: Way = Way.SWEEP
) -> list[ServerFound]:
    servers = test.servers() if way is not Way.COPIES else test.servers()[:1]
    chosen = _load(test, candidates, rule)
    found = test.of_servers(chosen.rules, period, Axis.LLEGADA, servers, way=way)
    return list(found)


def _with_rules_of_all(test: BackTest, candidates: Candidates) -> Candidates:
    model = candidates.rules["servicio-telnet"]
    rules = dict(candidates.rules)
    for name, sql in _OF_ALL.items():
        rule = replace(model.rule, id=name, sql=sql, key=("k",), evidence=("k",))
        inspections = test.guard.load([JudgedRule.of(rule)], candidates.data.tables())
        rules[name] = replace(model, rule=rule, inspection=inspections[name])
    return Candidates(rules, candidates.data, ())


def _others(candidates: Candidates) -> set[str]:
    """The other shipped rules about servers."""
    servers = {rule for rule, made in candidates.rules.items() if made.rule.scope is Scope.SERVIDOR}
    return servers - {*_RULES, *_OF_ALL}


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


def _timed(test: BackTest, work: Callable[[], _Given]) -> tuple[_Given, float]:
    """What it gives, and seconds of processor, of this process and the guard's."""
    began = _spent(test)
    given = work()
    return given, _spent(test) - began


def _spent(test: BackTest) -> float:
    """Of guards that ended, too: one that runs too long is replaced."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    guards = [] if test.guard.pid is None else [test.guard.pid]
    return time.process_time() + ended.ru_utime + ended.ru_stime + processor_seconds(guards)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--database", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--all", action="store_true", help="all shipped rules about servers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
