"""Sweeping from report to report gives the verdicts that a copy of each report gives.

The reports are the cases of the shipped rules, whole and in parts, in a random order, with others
between that change little or nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest

from service import times
from service.policies.guard.cases import read_case
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.judging import Judging
from service.policies.guard.limits import Limits
from service.policies.guard.verdict import Situation, Verdict
from service.policies.rules.folders import Policies, read_policies
from service.policies.rules.rule import Fact, Rule, Scope, Semantics
from tests.policies.ordinary import judged_rule
from tests.policies.sweeping import START, Tables, copied, shown, steps

_SLOT = 1_048_576  # the first of server 1: sql/guard/tables.sql
_OTHER_SLOTS = 100
# They read what the shipped ones do not: the time, the number of the report, columns of the server.
_OTHERS = (
    judged_rule("SELECT :ahora AS t FROM procesos_listados", "at-a-time", key=("t",)),
    judged_rule("SELECT id_serv, fecha_hora FROM servers_vigentes", "report", key=("id_serv",)),
    judged_rule("SELECT id_proc AS k FROM procesos_listados", "process", key=("k",)),
    judged_rule("SELECT id_usr AS k, ip_server FROM usuarios_vigentes", "login", key=("k",)),
    judged_rule("SELECT recibido AS r FROM logged_in_users", "heard", key=("r",)),
    judged_rule("SELECT kernel_version AS k FROM os_version", "kernel", key=("k",)),
    judged_rule("SELECT version_so AS v FROM soporte_vigente", "support", key=("v",)),
    judged_rule("SELECT valor FROM etiquetas", "tag", key=("valor",)),
    judged_rule("SELECT pid, hilo_nucleo AS h FROM procesos_vigentes", "thread", key=("pid", "h")),
    judged_rule(
        "SELECT 1 FROM redes WHERE 0", "absent", semantics=Semantics.FILA_ES_EXITO,
    ),
    judged_rule(
        "SELECT 1 FROM redes WHERE 0", "told", requires=(Fact.NOMBRES,),
        requires_to_pass=(Fact.USUARIOS_DE_PROCESOS, Fact.PPID, Fact.EJECUTABLE),
    ),
    judged_rule("SELECT 1 FROM redes WHERE 0", "started", grace_after_boot=864_000),
)  # fmt: skip


@cache
def _policies() -> Policies:
    return read_policies()


@cache
def _rules() -> list[Rule]:
    """The shipped rules about one server that a sweep judges."""
    found = [rule for rule in _policies().rules.values() if rule.scope is Scope.SERVIDOR]
    judging = Judging(Limits())
    judging.set_data(_policies().data.tables())
    inspections = dict(judging.set_rules(map(JudgedRule.of, found)))
    return [
        rule
        for rule in found
        if not any(
            column == "visto_desde" and relation != "servers_vigentes"
            for relation, column in inspections[rule.id].reads
        )
    ]


@cache
def _case(rule: str, number: int) -> Tables:
    return {
        table: [row for row in rows if row[0] == 1 or row[1] == 1]
        for table, rows in read_case(_policies().rules[rule].cases[number]).tables.items()
    }


def _reports(generator: random.Random, rules: Sequence[Rule], count: int) -> Iterator[Tables]:
    """A server's tables at one report after the other."""
    cases = [_case(rule.id, number) for rule in rules for number in range(len(rule.cases))]
    now: Tables = {}
    for number in range(count):
        kind = generator.random()
        case = generator.choice(cases)
        if not now or kind < 0.3:
            now = {table: list(rows) for table, rows in case.items()}
        elif kind < 0.7:  # some rows go, and one of another report comes, in a slot that is free
            table = generator.choice(["proceso", "proceso", "proceso", "usuario"])
            kept = [row for row in now[table] if generator.random() < 0.8]
            free = {row[0] for row in case[table]} - {row[0] for row in kept}
            now[table] = kept + [row for row in case[table] if row[0] in free]
        elif kind < 0.85:
            now["proceso"] = _with_others(generator, now["proceso"])
        elif kind < 0.88:
            now["etiqueta"] = case["etiqueta"]
        (server,) = now["servidor_vigente"]
        server = list(server)
        server[1] = number  # id_serv
        server[3] = server[16] = times.to_text(START + number * times.MINUTE)
        server[19] = generator.choice(["al_dia"] * 9 + ["silencioso"])
        if generator.random() < 0.2:  # nucleo
            server[11] = generator.choice(["6.1", "6.2"])
        if generator.random() < 0.2:  # version_so
            server[7] = generator.choice(["11", "12"])
        if server[20] is not None and generator.random() < 0.2:  # arranque
            server[20] = times.to_text(START - generator.choice([9, 11]) * times.DAY)
        now["servidor_vigente"] = [tuple(server)]
        yield dict(now)


def _with_others(generator: random.Random, rows: Sequence[Any]) -> list[Any]:
    """Some processes that rules do not look for, but by which facts and threads are told."""
    kept = [row for row in rows if row[0] < _SLOT + _OTHER_SLOTS or generator.random() < 0.5]
    free = set(range(_OTHER_SLOTS, _OTHER_SLOTS + 9)) - {row[0] - _SLOT for row in kept}
    for slot in generator.sample(sorted(free), min(len(free), generator.choice([0, 1, 4]))):
        name = generator.choice([None, "kthreadd", "kworker/1:0", "kswapd0", "sh"])
        user = generator.choice([None, "root", "root", "ana"])
        path = generator.choice([None, "/bin/sh"])
        pid, ppid = generator.choice([1, 2, 4, 77]), generator.choice([None, None, 1, 2])
        kept.append((_SLOT + slot, 1, pid, ppid, name, user, None, path, path, None))
    return kept


def _compare(seed: int, count: int) -> None:
    generator = random.Random(seed)
    rules = generator.sample(_rules(), generator.choice([1, 1, 1, 2, 3]))
    judged = generator.choice([[], [JudgedRule.of(rule) for rule in rules]])
    judged = [*judged, *generator.sample(_OTHERS, generator.choice([1, 1, 2]))]
    judging = Judging(Limits())
    judging.set_data(_policies().data.tables())
    assert not [found.error for _, found in judging.set_rules(judged) if found.error]
    reports = list(_reports(generator, rules, count))
    swept = list(judging.sweep(*steps(reports, resets=17)))
    for number, (one, other) in enumerate(zip(swept, copied(judging, reports), strict=True)):
        assert shown(one) == shown(other), (number, [rule.id for rule in judged])


def test_a_sweep_of_few_rules_gives_what_copies_give() -> None:
    for seed in range(45):
        _compare(seed, 30)


@pytest.mark.torture
def test_sweeps_of_few_rules_give_what_copies_give() -> None:
    for seed in range(1_000, 1_400):
        _compare(seed, 40)


def test_reports_that_change_nothing_that_is_read_are_not_judged_again() -> None:
    judging = Judging(Limits())
    judging.set_data(_policies().data.tables())
    list(judging.set_rules([JudgedRule.of(_policies().rules["servicio-telnet"])]))
    report = _case("servicio-telnet", 0)
    busier = {**report, "proceso": [*report["proceso"], _another(report["proceso"][-1])]}
    reports = [report, busier, report, {**report, "proceso": report["proceso"][:2]}]
    first, second, third, last = judging.sweep(*steps(reports, resets=17))
    assert first is second is third
    assert last is not first


@pytest.mark.parametrize(
    ("sql", "is_of_day"),
    [
        ("SELECT estado_soporte('2026-01-15', NULL, NULL, NULL, :ahora) AS e", True),
        ("SELECT date(:ahora) AS e", True),
        ("SELECT substr(:ahora, 1, 10) AS e", False),
        ("SELECT estado_soporte('2026-01-15', NULL, NULL, :ahora, (date(:ahora))) AS e", False),
        ("SELECT date(:ahora) AS e, max(1, :ahora) AS t", False),
    ],
)
def test_a_rule_that_reads_the_day_is_judged_again_on_another(
    monkeypatch: pytest.MonkeyPatch, sql: str, *, is_of_day: bool
) -> None:
    judging = Judging(Limits())
    list(judging.set_rules([judged_rule(sql, "day", key=("e",))]))
    report = _case("servicio-telnet", 0)
    programs, found_steps = steps([report] * 4, resets=17)
    for step, hours in zip(found_steps, [0, 11, 12, 35], strict=True):
        step["now"] = START + hours * times.HOUR
    runs: list[str] = []
    run = Judging._judged

    def noting(judging: Judging, situation: Situation, now: str, only: Any) -> dict[str, Verdict]:
        runs.append(now)
        return run(judging, situation, now, only)

    monkeypatch.setattr(Judging, "_judged", noting)
    found = [verdicts["day"] for verdicts in judging.sweep(programs, found_steps)]
    days = [times.to_text(START + hours * times.HOUR) for hours in (0, 12)]
    assert (runs == days) is is_of_day
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert (found[1] == found[2]) is False


def _another(row: Sequence[Any]) -> tuple[Any, ...]:
    _, server, pid, ppid, _, user, start, *_ = row
    return (row[0] + 1, server, pid + 1, ppid, "harmless", user, start, "/usr/bin/harmless", "", 0)
