"""Answers that are kept from report to report give the verdicts of copies of each report."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from service import times
from service.errors import StatementLimitError
from service.policies.guard.cases import read_case
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.judging import Judging
from service.policies.guard.limits import Limits
from service.policies.guard.running_spans import RunningSpans
from service.policies.guard.verdict import Reason, State
from service.policies.rules.rule import Applies, Fact, Semantics
from service.store.engines.sandbox import Rows, Sandbox
from tests.policies.ordinary import NO_DATA, judged_rule
from tests.policies.sweeping import START, Tables, copied, shown, steps

_P = "FROM procesos_vigentes"
_SLOT = 1_048_576  # the first of server 1: sql/guard/tables.sql
_LISTS = {**NO_DATA, "listas": [("hilos-de-nucleo", "kworker/*")]}
# What each makes of groups: of one column, of several, of all rows, of each row.
_RULES = (
    judged_rule(f"SELECT username AS k, count(*) AS n {_P} GROUP BY username HAVING n > 4",
                "users", key=("k",), evidence=("k", "n"), requires=(Fact.NOMBRES,)),
    judged_rule(f"SELECT name k, username u, max(length(linea_comando)) AS n {_P} GROUP BY 1, 2 "
                "HAVING max(linea_comando) > 'b'", "lines", key=("k", "u"), evidence=("n",)),
    judged_rule("SELECT count(*) AS n, count(DISTINCT path) AS m FROM processes HAVING n > 9",
                "total", key=("m",)),
    judged_rule(f"SELECT count(*) AS n {_P} WHERE NOT hilo_nucleo HAVING n BETWEEN 6 AND 8",
                "programs", evidence=("n",)),
    judged_rule(f"SELECT hilo_nucleo AS h, min(username) AS u {_P} GROUP BY hilo_nucleo "
                "HAVING count(*) > 3", "threads", key=("h",), evidence=("u",)),
    judged_rule("SELECT parent AS k, count(*) AS n FROM processes AS p GROUP BY p.parent "
                "HAVING count(*) > 2", "parents", key=("k",), evidence=("n",)),
    judged_rule(f"SELECT name, servidor {_P} WHERE ejecutable IS NULL AND ppid <> 1",
                "filter", key=("name",), requires_to_pass=(Fact.PPID,)),
    judged_rule(f"SELECT 1 {_P} GROUP BY username HAVING count(*) > 5", "absent",
                semantics=Semantics.FILA_ES_EXITO),
    judged_rule(f"SELECT count(*) AS n {_P} GROUP BY name HAVING n > 2", "applies",
                applies=Applies(query="SELECT server AS servidor, count(*) FROM processes "
                                      "GROUP BY server HAVING count(*) > 5")),
    # Of several rows that break it, a verdict tells the first.
    judged_rule(f"SELECT name AS veredicto {_P} WHERE ppid = 1", "untold"),
    judged_rule("SELECT count(*) AS n FROM processes HAVING n < 2", "none", evidence=("n",)),
    judged_rule(f"SELECT p.name {_P} AS p WHERE NOT EXISTS (SELECT 1 {_P} AS q WHERE q.pid = "
                "p.ppid)", "orphans", key=("name",)),  # not kept: by the side of one that is
    judged_rule(f"SELECT max(pid) AS n {_P}", "pids", key=("n",)),
)  # fmt: skip
_KEPT = {"users", "lines", "total", "programs", "threads", "parents", "filter", "absent", "applies"}


def _process(generator: random.Random, slot: int, pid: int) -> tuple[Any, ...]:
    name = generator.choice([None, "a", "a", "b", "b", "c", "kworker/1", "kthreadd"])
    user = generator.choice([None, "root", "root", "ana"])
    path = generator.choice([None, "/bin/a", "/bin/b"])
    line = generator.choice([None, "a", "b x", "c"])
    ppid = generator.choice([None, 1, 1, 2, 3])
    if name == "kthreadd":  # it is one with pid 2 alone
        user, path, line, ppid = "root", None, None, 0
    return (_SLOT + slot, 1, pid, ppid, name, user, None, path, line, None)


def _reports(generator: random.Random, count: int) -> Iterator[Tables]:
    tables = read_case({"veredicto": "cumple"}).tables
    (server,) = tables["servidor_vigente"]
    processes: dict[int, tuple[Any, ...]] = {}
    threads = (_SLOT + 99, 1, 2, 0, "kthreadd", "root", None, None, None, None)
    for number in range(count):
        changing = generator.sample(range(14), generator.choice([0, 1, 1, 3, 9]))
        for slot in changing:
            if slot in processes and generator.random() < 0.5:
                del processes[slot]
            else:
                processes[slot] = _process(generator, slot, 100 * number + slot + 3)
        if generator.random() < 0.1 and processes.pop(99, None) is None:
            processes[99] = threads
        row = (server[0], number, server[2], times.to_text(START + number), *server[4:])
        yield {**tables, "servidor_vigente": [row], "proceso": [*processes.values()]}


def _judging(rules: Sequence[JudgedRule], limits: Limits | None = None) -> Judging:
    judging = Judging(limits or Limits())
    judging.set_data(_LISTS)
    assert not [found.error for _, found in judging.set_rules(rules) if found.error]
    return judging


def _compare(seed: int, count: int) -> None:
    generator = random.Random(seed)
    rules = generator.sample(_RULES, generator.choice([1, 1, 2]))
    judging, reports = _judging(rules), list(_reports(generator, count))
    swept = list(judging.sweep(*steps(reports, resets=generator.choice([9, 25]))))
    for number, (one, other) in enumerate(zip(swept, copied(judging, reports), strict=True)):
        assert shown(one) == shown(other), (number, [rule.id for rule in rules])


def test_kept_answers_are_those_over_copies() -> None:
    for seed in range(40):
        _compare(seed, 30)


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Notes the limit of each run of a statement, in seconds."""
    runs: list[float] = []
    first = Sandbox.first

    def noting(self: Sandbox, sql: str, parameters: Any, **limits: Any) -> Rows:
        runs.append(limits["seconds"])
        return first(self, sql, parameters, **limits)

    monkeypatch.setattr(Sandbox, "first", noting)
    return runs


@pytest.mark.parametrize("rule", [rule for rule in _RULES if rule.id in _KEPT], ids=lambda r: r.id)
def test_what_was_seen_is_not_asked_again(
    rule: JudgedRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = list(_reports(random.Random(1), 30))[19::10]
    assert two[0]["proceso"] != two[1]["proceso"]
    judging = _judging([rule])
    runs = _counted(monkeypatch)
    list(judging.sweep(*steps(two, resets=99)))
    asked = len(runs)
    runs.clear()
    list(judging.sweep(*steps(two * 8, resets=99)))
    checks = 1 if rule.applies.query is None else 2
    assert len(runs) == checks < asked


def test_a_statement_that_takes_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(seconds=7.0)
    first = Sandbox.first

    def slow(self: Sandbox, sql: str, parameters: Any, **members: Any) -> Rows:
        if members["seconds"] < limits.seconds:
            raise StatementLimitError("more time than it may use")
        return first(self, sql, parameters, **members)

    monkeypatch.setattr(Sandbox, "first", slow)
    runs = _counted(monkeypatch)
    judging, reports = _judging(_RULES[:1], limits), list(_reports(random.Random(2), 9))
    swept = list(judging.sweep(*steps(reports, resets=99)))
    changed = sum(one["proceso"] != other["proceso"] for one, other in pairwise(reports)) + 1
    assert runs.count(limits.seconds) == changed
    assert list(map(shown, swept)) == list(map(shown, copied(judging, reports)))


def test_a_rule_that_passes_its_limit_is_tried_as_often_as_on_copies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def late(*_: object, **members: object) -> Rows:
        del members
        raise StatementLimitError("more time than it may use")

    reports = list(_reports(random.Random(3), 6))
    one, other = _judging(_RULES[:1]), _judging(_RULES[:1])
    monkeypatch.setattr(Sandbox, "first", late)
    swept = list(one.sweep(*steps(reports, resets=99)))
    assert list(map(shown, swept)) == list(map(shown, copied(other, reports)))
    assert swept[0]["users"].reason is Reason.LIMITE
    assert swept[0]["users"].detail != swept[-1]["users"].detail


def test_an_answer_with_more_rows_than_the_limit_is_cut() -> None:
    limits = Limits(rows=3)
    rule = judged_rule(f"SELECT pid % 2 AS p, name {_P} WHERE name = 'a'", "many")
    named = judged_rule(f"SELECT name {_P} WHERE name = 'a'", "named", key=("name",))
    several = judged_rule(f"SELECT username, ppid {_P}", "several")
    judging = _judging([rule, named, several], limits)
    reports = list(_reports(random.Random(4), 30))
    swept = list(judging.sweep(*steps(reports, resets=99)))
    assert {found["several"].detail for found in swept} >= {None, Reason.LIMITE}
    assert list(map(shown, swept)) == list(map(shown, copied(judging, reports)))


def test_spans_that_begin_and_end_between_two_reports_are_left_out() -> None:
    spans = RunningSpans()
    assert spans.to(1, [(1, 3, 7, "a"), (1, 9, 8, "b")]) == ([], [(7, "a"), (8, "b")])
    assert spans.to(2, []) == ([], [])
    assert spans.to(2, []) == ([], [])  # its tags were changed
    gone, came = spans.to(6, [(3, 5, 7, "c"), (4, 6, 9, "d"), (5, 7, 7, "e"), (6, 8, 9, "f")])
    assert (gone, came) == ([7], [(7, "e"), (9, "f")])
    assert spans.to(8, []) == ([9, 7], [])
    assert spans.to(9, []) == ([8], [])


def test_what_one_server_gave_is_not_said_of_another() -> None:
    rule = judged_rule(f"SELECT servidor + 0 AS s, name {_P} WHERE hilo_nucleo", key=("s", "name"))
    judging = _judging([rule])
    (first, *_) = (
        report for report in _reports(random.Random(5), 30) if len(report["proceso"]) > 9
    )
    kthreadd = (_SLOT + 99, 1, 2, 0, "kthreadd", "root", None, None, None, None)
    with_threads = {**first, "proceso": [*first["proceso"][:9], kthreadd]}
    for report in (first, with_threads):
        for server in (1, 2):
            moved = {
                table: [(row[0] + server - 1, *row[1:]) for row in rows]
                if table == "servidor_vigente"
                else [(row[0] + (server - 1) * _SLOT, server, *row[2:]) for row in rows]
                for table, rows in report.items()
                if table in {"servidor_vigente", "proceso"}
            }
            moved |= {"usuario": [], "etiqueta": []}
            (swept,) = judging.sweep(*steps([moved], resets=9))
            (copy,) = copied(judging, [moved], server)
            assert shown(swept) == shown(copy)
            assert {finding.key[0] for finding in swept["a-rule"].findings} <= {server}


def test_kernel_threads_need_not_tell_facts() -> None:
    rule = judged_rule(f"SELECT name {_P} WHERE name = 'x'", requires=(Fact.USUARIOS_DE_PROCESOS,))
    (report,) = _reports(random.Random(6), 1)
    program = (None, "/bin/a", "a", None)
    report["proceso"] = [
        (_SLOT + 2, 1, 2, 0, "kthreadd", "root", None, None, None, None),
        (_SLOT + 3, 1, 13, 1, "a", "ana", *program),
        *((_SLOT + slot, 1, slot, 2, "a", None, *program) for slot in range(5, 9)),
    ]
    (swept,) = _judging([rule]).sweep(*steps([report], resets=9))
    assert swept["a-rule"].state is State.CUMPLE


def test_numbers_that_are_one_key_keep_the_order_of_the_rows() -> None:
    rule = judged_rule(f"SELECT iif(name = 'a', 1, 1 / 1.0) AS n {_P}", key=("n",))
    for names in ("ab", "ba"):
        (report,) = _reports(random.Random(7), 1)
        report["proceso"] = [
            (_SLOT + slot, 1, slot, 1, name, "ana", None, None, None, None)
            for slot, name in enumerate(names, 7)
        ]
        judging = _judging([rule])
        (swept,), (copy,) = judging.sweep(*steps([report], resets=9)), copied(judging, [report])
        assert repr(shown(swept)) == repr(shown(copy))
