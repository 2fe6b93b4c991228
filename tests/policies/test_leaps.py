"""Leaps over reports that change nothing give what a sweep gives, and what copies of each give."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service import times
from service.config import Config
from service.policies.backtest import leaps
from service.policies.backtest.history import Axis
from service.policies.backtest.leaps import is_told_by_few
from service.policies.backtest.recorder import Found, Recorder
from service.policies.backtest.runs import BackTest, Way
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.data_files import DataFiles
from service.policies.rules.folders import read_policies
from service.policies.rules.rule import Fact, InSilence, Threshold
from service.report import Login, Process, ProcessDetails, Profile, Report
from service.store.queries import load_queries
from service.store.read.marks import Window
from service.store.verdict_rows import Bound
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from service.times import HOUR, MINUTE
from tests.support import engine

_START = times.parse("2026-01-15 12:00:00")
_SECOND_REPORT, _HALF_HOUR = Threshold(reports=2), Threshold(reports=None, seconds=1800)
_PLAIN = "SELECT name FROM procesos_vigentes WHERE name = 'bad'"
_TELNET = "(SELECT name, pid FROM procesos_listados WHERE lista = 'telnet')"
# Statement, and when violations are confirmed and resolved.
_TEXTS: dict[str, tuple[str, Threshold, Threshold]] = {
    "plain": (_PLAIN, Threshold(), Threshold()),
    "counting": (_PLAIN, _SECOND_REPORT, _SECOND_REPORT),
    "slow": (_PLAIN, _HALF_HOUR, _HALF_HOUR),
    "path": (
        "SELECT name, username FROM procesos_vigentes AS p WHERE p.ejecutable GLOB '/tmp/*'",
        Threshold(), _HALF_HOUR,
    ),
    "login": (
        "SELECT username AS name, count(*) AS n FROM usuarios_vigentes WHERE pid > 2 GROUP BY 1",
        _SECOND_REPORT, Threshold(),
    ),
    "system": (
        "SELECT nucleo AS name FROM servers_vigentes WHERE nucleo = '6.2'",
        Threshold(), _SECOND_REPORT,
    ),
    "silent": (
        "SELECT nombre_so AS name FROM servers_vigentes WHERE estado <> 'al_dia'",
        Threshold(), Threshold(),
    ),
    "listed": (
        "SELECT max(nombre) AS name FROM procesos_listados WHERE lista = 'telnet' GROUP BY lista",
        Threshold(), Threshold(),
    ),
    "pair": (
        f"SELECT p.name FROM {_TELNET} AS p CROSS JOIN {_TELNET} AS q ON p.pid < q.pid",
        Threshold(), Threshold(),
    ),
    "grouped": (
        "SELECT name, count(*) AS n FROM procesos_vigentes WHERE name LIKE 'ba%' GROUP BY name",
        Threshold(), _SECOND_REPORT,
    ),
    "breaks": (
        "SELECT hora_local('2026-01-01', ejecutable) FROM procesos_vigentes WHERE name = 'bad'",
        Threshold(), Threshold(),
    ),
}  # fmt: skip
_SHIPPED = ["servicio-telnet", "login-de-servicio", "agente-atrasado"]
_FOUND = ["bad", "bad", "in.telnetd", "in.telnetd", "cron"]
_PATHS = [None, "/bin/x", "/tmp/x", "/usr/sbin/in.telnetd"]


def _profile(number: int) -> Profile:
    return Profile(
        f"10.0.0.{number}", "x86_64", "Intel", "Linux", "12", 2, f"host-{number}", "6.1", "1.0.0",
        "logind", None, None,
    )  # fmt: skip


def _history(generator: random.Random, number: int, count: int) -> Iterator[Report]:
    """The reports of a server, most of which change nothing that a rule looks for."""
    profile, at, interval = _profile(number), _START + number, number * 4 * MINUTE
    processes: list[tuple[Process, ProcessDetails]] = [((1, "init", "root", None), (0, None, None))]
    logins: list[Login] = []
    for _ in range(count):
        yield Report(
            at,
            profile,
            [process for process, _ in processes],
            list(logins),
            generator.randbytes(16),
            [details for _, details in processes],
            f"m{number}",
            generator.choice([None, 3]),
        )
        at += generator.choices([interval, 20 * MINUTE, 3 * HOUR], [60, 2 * number, 1])[0]
        if generator.random() < 0.5:  # what no rule looks for comes and goes
            processes = [row for row in processes if row[0][0] < 100 or generator.random() < 0.5]
            pid = generator.randrange(100, 10_000)
            processes.append(
                (
                    (pid, generator.choice(["sshd", "cron", "bash"]), "ana", None),
                    (1, "/bin/x", None),
                )
            )
        kind = generator.random()
        if kind < 0.06:
            processes = [
                row for row in processes if row[0][0] in {1, 2} or generator.random() < 0.5
            ]
            ppid = generator.choice([1, 2])
            name, path = generator.choice(_FOUND), generator.choice(_PATHS)
            processes.append(((generator.randrange(5, 99), name, "root", None), (ppid, path, None)))
        elif kind < 0.1:
            logins = [(generator.choice([None, 1, 5]), "ana", None, None, None)]
        elif kind < 0.12:
            logins = []
        elif kind < 0.18:
            profile = profile._replace(nucleo=generator.choice([None, "6.1", "6.2"]))
        elif kind < 0.22:
            processes = _toggled(processes, 1, "init")
        elif kind < 0.26:
            processes = _toggled(processes, 2, "kthreadd")


def _toggled(
    processes: list[tuple[Process, ProcessDetails]], pid: int, name: str
) -> list[tuple[Process, ProcessDetails]]:
    others = [row for row in processes if row[0][0] != pid]
    if len(others) < len(processes):
        return others
    return [*others, ((pid, name, "root", None), (0, None, None))]


def _rules(test: BackTest) -> tuple[dict[str, RuleInForce], DataFiles]:
    """Some shipped rules that leaps judge, and those of the texts above."""
    policies = read_policies()
    model = policies.rules["servicio-telnet"]
    rules = [policies.rules[name] for name in _SHIPPED] + [
        replace(
            model,
            id=name,
            sql=sql,
            key=("name",),
            evidence=("name",),
            in_silence=InSilence.EVALUA if name == "silent" else InSilence.DESCONOCIDO,
            requires_to_pass=(Fact.NOMBRES, Fact.LOGINS) if name == "login" else (Fact.NOMBRES,),
            deadlines=replace(model.deadlines, confirm_after=confirm, resolve_after=resolve),
        )
        for name, (sql, confirm, resolve) in _TEXTS.items()
    ]
    inspections = test.guard.load(map(JudgedRule.of, rules), policies.data.tables())
    found = {
        rule.id: RuleInForce(rule, rule.id, "", "{}", inspections[rule.id], text_id=number)
        for number, rule in enumerate(rules, 1)
    }
    assert all(map(is_told_by_few, found.values()))
    return found, policies.data


def _replayed(
    test: BackTest, rules: Rules, data: DataFiles, until: int, way: Way
) -> dict[tuple[int, str], tuple[Any, ...]]:
    test.guard.load([JudgedRule.of(made.rule) for made in rules.values()], data.tables())
    period = test.period(_START + 8 * HOUR, until)
    return {
        (server.server.id, rule): _comparable(found)
        for server in test.of_servers(rules, period, Axis.LLEGADA, test.servers(), way=way)
        for rule, found in server.rules.items()
    }


def _comparable(found: Found) -> tuple[Any, ...]:
    return (
        [violation.values() for violation in found.violations],
        [span.values() for span in found.spans],
        [judgement.values() for judgement in found.judgements],
        [(gap.seen, gap.cleared, gap.back) for gap in found.gaps],
        found.state.last,
        found.says,
        found.time,
        found.judged,
        found.broken,
    )


def _compare(
    folder: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    texts: Collection[str] = _TEXTS,
    length: int = 150,
) -> int:
    """How many reports were passed over."""
    generator = random.Random(seed)
    passed: list[int] = []
    pass_over = Recorder.pass_over

    def noting(self: Recorder, bound: Bound, reports: int) -> None:
        pass_over(self, bound, reports)
        passed.append(reports)

    monkeypatch.setattr(Recorder, "pass_over", noting)
    with closing(engine.SqliteEngine(folder / "compliance.db")) as made:
        store = ReportStore(made.migrated(), load_queries())
        reports = [
            report for number in range(1, 4) for report in _history(generator, number, length)
        ]
        reports.sort(key=lambda report: report.taken_at)
        store.add_all([NewReport(report, report.taken_at + 1) for report in reports])
        until = reports[-1].taken_at + 5 * HOUR
        with BackTest(Config(data=folder)) as test:
            rules, data = _rules(test)
            chosen = [[name] for name in texts] + [_SHIPPED, ["pair", "plain"]]
            failed: set[str] = set()
            for names in chosen:
                few = {name: rules[name] for name in names}
                leapt = _replayed(test, few, data, until, Way.LEAPS)
                failed |= {name for (_, name), (violations, *_) in leapt.items() if violations}
                assert leapt == _replayed(test, few, data, until, Way.SWEEP), names
            assert leapt == _replayed(test, few, data, until, Way.COPIES), names
    assert failed >= {name for name in texts if name != "breaks"}
    return sum(passed)


def test_leaps_give_what_sweeps_and_copies_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _compare(tmp_path, 1, monkeypatch, ["slow", "listed"], 80) > 50


@pytest.mark.torture
def test_a_leap_that_comes_too_early_gives_way_to_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaps, "window_of", lambda _: Window(1, 0))
    _compare(tmp_path, 1, monkeypatch)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(2, 6))
def test_leaps_of_all_kinds_of_rules_give_what_sweeps_and_copies_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert _compare(tmp_path, seed, monkeypatch) > 450
