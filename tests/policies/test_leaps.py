"""Leaps over reports that change nothing give what a sweep gives, and what copies of each give."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.auth.audit_log import AuditLog
from service.config import Config
from service.errors import TagNotFoundError
from service.policies.backtest import leaps
from service.policies.backtest.history import Axis
from service.policies.backtest.recorder import Found, Recorder
from service.policies.backtest.runs import BackTest, Way
from service.policies.evaluator.clock_events import Rules
from service.policies.evaluator.in_force import RuleInForce
from service.policies.guard.judged_rule import JudgedRule
from service.policies.rules.data_files import DataFiles
from service.policies.rules.folders import read_policies
from service.policies.rules.rule import Fact, InSilence
from service.report import Report
from service.store.engines import Database
from service.store.queries import load_queries
from service.store.read.marks import Window
from service.store.verdict_rows import Bound
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from service.store.write.retirement_changes import Retirements
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import HOUR
from tests.policies.leaping_history import START, history
from tests.policies.leaping_texts import OTHERS, TEXTS
from tests.support import engine

_SHIPPED = ["servicio-telnet", "login-de-servicio", "agente-atrasado"]


def _rules(test: BackTest) -> tuple[dict[str, RuleInForce], DataFiles]:
    """Some shipped rules that leaps judge, and those of the texts above."""
    policies = read_policies()
    model = policies.rules["servicio-telnet"]
    model = replace(model, key=("name",), evidence=("name",))
    rules = [policies.rules[name] for name in _SHIPPED] + [
        replace(
            model,
            id=name,
            sql=sql,
            in_silence=InSilence.EVALUA if name == "silent" else InSilence.DESCONOCIDO,
            requires_to_pass=(Fact.NOMBRES, Fact.LOGINS) if name == "login" else (Fact.NOMBRES,),
            deadlines=replace(model.deadlines, confirm_after=confirm, resolve_after=resolve),
        )
        for name, (sql, confirm, resolve) in TEXTS.items()
    ]
    rules += [replace(model, id=name, sql=sql, **more) for name, (sql, more) in OTHERS.items()]
    absent = next(rule for rule in rules if rule.id == "absent")
    deadlines = replace(absent.deadlines, grace_after_boot=3600)
    rules.append(replace(absent, id="booted", deadlines=deadlines))
    inspections = test.guard.load(map(JudgedRule.of, rules), policies.data.tables())
    found = {
        rule.id: RuleInForce(rule, rule.id, "", "{}", inspections[rule.id], text_id=number)
        for number, rule in enumerate(rules, 1)
    }
    return found, policies.data


def _replayed(
    test: BackTest,
    rules: Rules,
    data: DataFiles,
    until: int,
    way: Way,
    *,
    axis: Axis = Axis.LLEGADA,
) -> dict[tuple[int, str], tuple[Any, ...]]:
    test.guard.load([JudgedRule.of(made.rule) for made in rules.values()], data.tables())
    period = test.period(START + 8 * HOUR, until)
    return {
        (server.server.id, rule): _comparable(found)
        for server in test.of_servers(rules, period, axis, test.servers(), way=way)
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


def _store(database: Database, reports: Sequence[Report]) -> None:
    store = ReportStore(database, load_queries())
    store.add_all([NewReport(report, report.taken_at + 1) for report in reports])


def _store_and_tell(database: Database, reports: Sequence[Report], audit: AuditLog) -> None:
    """Between the reports, tags of two servers are changed, and one is retired now and then."""
    now = 0
    tags = TagChanges(database, load_queries(), audit, lambda: now)
    retirements = Retirements(database, load_queries(), audit, lambda: now)
    size = len(reports) // 12
    for number, first in enumerate(range(0, len(reports), size)):
        some = reports[first : first + size]
        _store(database, some)
        now = some[-1].taken_at + 2
        value = ["produccion", "pruebas", None][number % 3]
        with suppress(TagNotFoundError):
            tags.tell([TagEdit(number % 2 + 1, "entorno", value)], "ana")
        if number == 7:
            tags.tell([TagEdit(1, "cambios", "congelados")], "ana")
        if number in {4, 9}:
            retirements.retire(2, "sold", "ana")


def _compare(
    folder: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
    texts: Collection[str] = (*TEXTS, *OTHERS, "booted"),
    length: int = 150,
    *,
    is_told: bool = False,
) -> int:
    """How many reports were passed over. is_told: whether servers are tagged and retired."""
    generator = random.Random(seed)
    passed: list[int] = []
    pass_over = Recorder.pass_over

    def noting(self: Recorder, bound: Bound, reports: int) -> None:
        pass_over(self, bound, reports)
        passed.append(reports)

    monkeypatch.setattr(Recorder, "pass_over", noting)
    with closing(engine.SqliteEngine(folder / "compliance.db")) as made:
        database = made.migrated()
        reports = [
            report for number in range(1, 4) for report in history(generator, number, length)
        ]
        reports.sort(key=lambda report: report.taken_at)
        if is_told:
            _store_and_tell(database, reports, AuditLog(folder / "audit.jsonl"))
        else:
            _store(database, reports)
        until = reports[-1].taken_at + 5 * HOUR
        with BackTest(Config(data=folder)) as test:
            rules, data = _rules(test)
            chosen = [[name] for name in texts] + [_SHIPPED, ["pair", "plain"]]
            chosen += [["parents", "absent", "told"], ["orphans", "plain"]]
            copied = [["heard"], ["since"], ["parents", "absent", "told"]]
            failed: set[str] = set()
            for names in chosen:
                few = {name: rules[name] for name in names}
                leapt = _replayed(test, few, data, until, Way.LEAPS)
                failed |= {name for (_, name), (violations, *_) in leapt.items() if violations}
                assert leapt == _replayed(test, few, data, until, Way.SWEEP), names
                if names in copied:
                    assert leapt == _replayed(test, few, data, until, Way.COPIES), names
    never = {"breaks", "frozen"} if is_told else {"breaks", "frozen", "tagged"}
    assert failed >= {name for name in texts if name not in never}
    return sum(passed)


def test_leaps_give_what_sweeps_and_copies_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _compare(tmp_path, 2, monkeypatch, ["slow", "listed", "absent", "heard"], 80) > 500


def test_leaps_end_where_tags_were_told_and_servers_retired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _compare(tmp_path, 4, monkeypatch, ["tagged", "counting"], 120, is_told=True) > 500


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
    assert _compare(tmp_path, seed, monkeypatch, is_told=seed % 2 == 1) > 450


_LONG = "x" * 300
_ANA = "procesos_vigentes AS p ON p.username = 'ana'"
_LISTED = "SELECT p.name FROM listas AS l CROSS JOIN procesos_vigentes AS p"
_TWICE = "SELECT p.name, p.linea_comando || p.linea_comando AS two"
_LINES = f"WITH w AS MATERIALIZED (SELECT DISTINCT cmdline{', cmdline' * 8} FROM processes)"
_MODEL = """
WITH t AS (
  SELECT l.valor FROM listas AS l WHERE l.lista = 'none'
  UNION SELECT s.marca_proc FROM servers_vigentes AS s
)
"""


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT p.name FROM redes AS r JOIN {_ANA} WHERE p.name LIKE '{_LONG}'",
        f"{_LISTED} ON p.name GLOB l.valor AND p.username = 'ana' AND l.lista = 'long'",
        f"{_MODEL} SELECT p.name FROM t JOIN {_ANA} WHERE p.name GLOB t.valor",
        f"{_LINES} SELECT w.cmdline FROM w CROSS JOIN procesos_listados AS l ON l.lista = 'telnet'",
        f"{_TWICE} FROM redes AS r JOIN {_ANA} WHERE two || two || two || two = ''",
    ],
)
def test_what_a_rule_cannot_see_breaks_it_all_the_same(tmp_path: Path, sql: str) -> None:
    few = [
        replace(
            report,
            profile=report.profile._replace(marca_proc=_LONG),
            processes=[(50, "sshd", "root", None)],
            process_details=[(1, None, "\U0001f600" * 32_768)],
        )
        for report in history(random.Random(1), 1, 8)
    ]
    with closing(engine.SqliteEngine(tmp_path / "compliance.db")) as made:
        _store(made.migrated(), few)
        said = [_said(tmp_path, sql, few[-1].taken_at, way) for way in Way]
    assert said[0] == said[1] == said[2]
    assert "regla_rota" in str(said) or "limite" in str(said)


def _said(folder: Path, sql: str, until: int, way: Way) -> object:
    """What a rule says, in a process that has judged nothing before. A list has a long entry."""
    with BackTest(Config(data=folder)) as test:
        policies = read_policies()
        rule = replace(policies.rules["servicio-telnet"], sql=sql, key=(), evidence=())
        tables = policies.data.tables()
        tables = {**tables, "listas": [*tables["listas"], ("long", _LONG)]}
        inspection = test.guard.load([JudgedRule.of(rule)], tables)[rule.id]
        made = RuleInForce(rule, rule.id, "", "{}", inspection, text_id=1)
        found = test.of_servers(
            {rule.id: made}, test.period(START, until), Axis.LLEGADA, test.servers(), way=way
        )
        return [_comparable(each) for server in found for each in server.rules.values()]


def _compare_late(folder: Path, seed: int, texts: Collection[str], length: int) -> None:
    generator = random.Random(seed)
    with closing(engine.SqliteEngine(folder / "compliance.db")) as made:
        store = ReportStore(made.migrated(), load_queries())
        reports = [
            NewReport(report, report.taken_at + generator.choices([1, 5 * HOUR], [15, 1])[0])
            for number in range(1, 4)
            for report in history(generator, number, length)
        ]
        reports.sort(key=lambda each: each.received_at)
        store.add_all(reports)
        until = reports[-1].received_at + 5 * HOUR
        with BackTest(Config(data=folder)) as test:
            rules, data = _rules(test)
            for name in texts:
                for axis in Axis:
                    few = {name: rules[name]}
                    leapt = _replayed(test, few, data, until, Way.LEAPS, axis=axis)
                    assert leapt == _replayed(test, few, data, until, Way.SWEEP, axis=axis), name


def test_few_rows_say_the_same_where_reports_came_late(tmp_path: Path) -> None:
    _compare_late(tmp_path, 1, ["told", "absent"], 40)


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(2, 4))
def test_few_rows_of_all_kinds_of_rules_say_the_same_where_reports_came_late(
    tmp_path: Path, seed: int
) -> None:
    _compare_late(tmp_path, seed, (*TEXTS, *OTHERS, "booted"), 60)
