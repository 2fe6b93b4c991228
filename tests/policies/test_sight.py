"""Verdicts by what the rules can see of a report are those by all of its rows."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from service.auth.audit_log import AuditLog
from service.errors import TagNotFoundError
from service.policies.guard.guard import Guard
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.verdict import State
from service.policies.rules.folders import read_policies
from service.policies.rules.rule import Deadlines, Fact, Rule, Scope, Semantics
from service.report import Report
from service.store.queries import load_queries
from service.store.write.new_report import NewReport
from service.store.write.reports import ReportStore
from service.store.write.tag_changes import TagChanges, TagEdit
from service.times import HOUR, MINUTE
from tests.policies.leaping_texts import OTHERS, TEXTS
from tests.policies.seen_reports import PROFILE, START, Both, Fleet, Row


def _shipped() -> list[Rule]:
    return [rule for rule in read_policies().rules.values() if rule.scope is Scope.SERVIDOR]


def _of_texts() -> list[Rule]:
    """Rules of all kinds, of which one sees all processes on servers with a tag."""
    model = read_policies().rules["servicio-telnet"]
    model = replace(model, key=("name",), evidence=("name",))
    texts = [replace(model, id=name, sql=sql) for name, (sql, *_) in TEXTS.items()]
    texts += [replace(model, id=name, sql=sql, **more) for name, (sql, more) in OTHERS.items()]
    absent = next(rule for rule in texts if rule.id == "absent")
    deadlines = replace(absent.deadlines, grace_after_boot=3600)
    return [*texts, replace(absent, id="booted", deadlines=deadlines)]


def _compare(folder: Path, seed: int, rules: Sequence[Rule], length: int) -> tuple[int, int]:
    """Verdicts in all, and of how many the guard was asked."""
    both, fleet, generator = Both(folder, rules), Fleet(seed, rules), random.Random(seed)
    try:
        store = ReportStore(both.database, load_queries())
        audit = AuditLog(folder / "audit.jsonl")
        tags = TagChanges(both.database, load_queries(), audit, lambda: at)
        at, total, states = START, 0, set()
        for number in range(1, length + 1):
            at += generator.choice([MINUTE, 5 * MINUTE, 5 * MINUTE, 3 * HOUR])
            for server in (1, 2):
                store.add_all([NewReport(fleet.report(server, at), at + server)])
                if generator.random() < 0.1:
                    key, value = generator.choice(fleet.tags)
                    value = generator.choice([None, None, None, value, value, "x" * 200])
                    with suppress(TagNotFoundError):
                        tags.tell([TagEdit(server, key, value)], "ana")
                verdicts = both.judge(server, number, at)
                states |= {(rule, verdict.state) for rule, verdict in verdicts.items()}
                total += len(verdicts)
        before = len(both.asked)
        for seq in range(1, length):  # as reports are judged that others came after
            both.judge(1, seq, START)
        assert len({rule for rule, state in states if state is State.FALLA}) > len(rules) / 3
        asked = sum(len(rules) if only is None else len(only) for only in both.asked[:before])
    finally:
        both.close()
    return total, asked


class Step(NamedTuple):
    """A report of a server. after: since the one before. processes: pid, name, ppid."""

    says: State
    processes: Sequence[tuple[int, str | None, int | None]] = ((1, "init", 0),)
    tags: Mapping[str, str] = MappingProxyType({})
    after: int = 5 * MINUTE
    booted_at: int | None = None


_INIT = (1, "init", 0)
_BAD, _KTHREADD = (70, "bad", 2), (2, "kthreadd", 0)
_ABSENT = {"semantics": Semantics.FILA_ES_EXITO, "key": (), "evidence": ()}
_REQUIRED = """
SELECT e.valor AS name FROM etiquetas AS e
WHERE e.clave = 'edr'
  AND NOT EXISTS (SELECT 1 FROM procesos_vigentes AS p WHERE p.name GLOB '*' || e.valor)
"""
_YES, _NO, _UNKNOWN = State.FALLA, State.CUMPLE, State.DESCONOCIDO
# Statement, what else differs from a plain rule, reports.
_STORIES: dict[str, tuple[str, dict[str, Any], list[Step]]] = {
    "what is not there": (
        "SELECT 1 FROM procesos_vigentes WHERE name = 'bad'",
        _ABSENT,
        # Its evidence counts the names.
        [Step(_YES), Step(_YES, [_INIT, (5, "x", 1)]), Step(_YES, [_INIT, (5, None, 1)])],
    ),
    "a start": (
        "SELECT 1 FROM procesos_vigentes WHERE name = 'bad'",
        _ABSENT | {"deadlines": Deadlines(grace_after_boot=3600)},
        [Step(_UNKNOWN, booted_at=START), Step(_YES, after=2 * HOUR, booted_at=START)],
    ),
    "tags": (
        "SELECT clave AS name, valor FROM etiquetas WHERE clave = 'a'",
        {"evidence": ("valor",)},
        [Step(_NO), Step(_YES, tags={"a": "1"}), Step(_YES, tags={"a": "2"})],
    ),
    "what a tag names": (
        _REQUIRED,
        {},
        [
            Step(_NO),
            Step(_NO, tags={"a": "x"}),
            Step(_NO, [_INIT, (5, "agent", 1)], {"edr": "agent"}),
            Step(_YES, [_INIT, (5, "other", 1)], {"edr": "agent"}),
        ],
    ),
    "what runs beside it": (
        next(sql for name, (sql, _) in OTHERS.items() if name == "orphans"),
        {},
        [
            Step(_NO, [_INIT, (51, "x", 2)]),
            Step(_NO, [_INIT, (52, "rare", 1), (51, "x", 2)]),
            Step(_YES, [_INIT, (52, "rare", 1)]),
        ],
    ),
    "a day": (
        "SELECT nombre_so AS name FROM servers_vigentes WHERE date(:ahora) > '2026-01-15'",
        {},
        [Step(_NO), Step(_NO), Step(_YES, after=12 * HOUR)],
    ),
    "a time": (
        "SELECT name FROM procesos_vigentes WHERE name = 'bad' AND :ahora > '2026-01-15 12:08'",
        {},
        [Step(_NO, [_INIT, _BAD]), Step(_YES, [_INIT, _BAD])],
    ),
    "a first sight": (
        "SELECT name FROM procesos_vigentes WHERE name = 'bad' AND visto_desde < fecha_hora",
        {},
        [Step(_NO, [_INIT, _BAD]), Step(_YES, [_INIT, _BAD])],
    ),
    "kernel threads": (
        "SELECT name FROM procesos_vigentes WHERE name = 'bad' AND NOT hilo_nucleo",
        {},
        [Step(_NO, [_INIT, _KTHREADD, _BAD]), Step(_YES, [_INIT, (2, "x", 0), _BAD])],
    ),
    "most names": (
        "SELECT name FROM procesos_vigentes WHERE name = 'bad'",
        {"requires_to_pass": (Fact.NOMBRES,)},
        [
            Step(_NO, [_INIT, *((pid, "x", 1) for pid in range(10, 40)), (9, None, 1)]),
            Step(_UNKNOWN, [_INIT, *((pid, None, 1) for pid in range(10, 40)), (9, "x", 1)]),
        ],
    ),
    "parents of all but kernel threads": (
        "SELECT name FROM procesos_vigentes WHERE name = 'bad'",
        {"requires_to_pass": (Fact.PPID,)},
        [
            Step(_NO, [_INIT, _KTHREADD, (9, "kswapd0", None)]),
            Step(_UNKNOWN, [_INIT, _KTHREADD, (9, "x", None)]),
        ],
    ),
}


@pytest.mark.parametrize("story", _STORIES)
def test_what_decides(tmp_path: Path, story: str) -> None:
    sql, more, steps = _STORIES[story]
    model = read_policies().rules["servicio-telnet"]
    model = replace(model, key=("name",), evidence=("name",), requires_to_pass=())
    both = Both(tmp_path, [replace(model, sql=sql, **more)])
    try:
        store = ReportStore(both.database, load_queries())
        audit = AuditLog(tmp_path / "audit.jsonl")
        tags = TagChanges(both.database, load_queries(), audit, lambda: at)
        at, told = START, dict[str, str]()
        for number, step in enumerate([*steps, *steps[::-1]], 1):
            at += step.after
            rows: list[Row] = [
                ((pid, name, "root", None), (ppid, None, None))
                for pid, name, ppid in step.processes
            ]
            profile = PROFILE._replace(booted_at=step.booted_at)
            processes, details = [process for process, _ in rows], [told for _, told in rows]
            made = Report(at, profile, processes, [], bytes([number]), details, "m1")
            store.add_all([NewReport(made, at)])
            tags.tell([TagEdit(1, key, None) for key in told.keys() - step.tags.keys()], "ana")
            tags.tell([TagEdit(1, key, value) for key, value in step.tags.items()], "ana")
            told = dict(step.tags)
            (verdict,) = both.judge(1, number, at).values()
            if number <= len(steps):
                assert verdict.state is step.says, step
    finally:
        both.close()


def test_another_text_says_what_it_says(tmp_path: Path) -> None:
    model = read_policies().rules["servicio-telnet"]
    model = replace(model, key=("name",), evidence=("name",))
    texts = [
        f"SELECT nombre_so AS name FROM servers_vigentes WHERE nombre_so GLOB '{pattern}'"
        for pattern in ("Debian*", "Fedora*")
    ]
    both = Both(tmp_path, [replace(model, sql=texts[0])])
    try:
        made = Report(START, PROFILE, [(1, "a", "root", None)], [], b"1", [], "m1")
        ReportStore(both.database, load_queries()).add_all([NewReport(made, START)])
        for text, says in zip([*texts, *texts], [_YES, _NO, _YES, _NO], strict=True):
            both.use([replace(model, sql=text)])
            for _ in range(2):
                (verdict,) = both.judge(1, 1, START).values()
                assert verdict.state is says
    finally:
        both.close()


def test_a_long_tag_may_break_a_pattern() -> None:
    with Guard() as guard:
        rule = replace(read_policies().rules["servicio-telnet"], sql=_REQUIRED)
        guard.load([JudgedRule.of(rule)], read_policies().data.tables())
        kind = guard.sightings()[rule.id]
        assert (kind.sees_few, kind.needs, kind.needs_tags) == (False, True, True)
        tags = [("a", "x"), ("edr", "x"), ("a", "é" * 120), ("a", "é" * 121)]
        assert guard.relevant_tags(tags) == {rule.id: [1, 3]}


@pytest.mark.parametrize("seed", [1, 2])
def test_shipped_rules_say_what_they_say_by_all_rows(tmp_path: Path, seed: int) -> None:
    total, asked = _compare(tmp_path, seed, _shipped(), 60)
    assert asked < 0.7 * total


def test_rules_of_all_kinds_say_what_they_say_by_all_rows(tmp_path: Path) -> None:
    rules = [rule for rule in _of_texts() if rule.id != "frozen"] + _shipped()
    total, asked = _compare(tmp_path, 3, rules, 50)
    assert asked < 0.9 * total


@pytest.mark.torture
@pytest.mark.parametrize("seed", [4, 5])
def test_many_histories(tmp_path: Path, seed: int) -> None:
    _compare(tmp_path, seed, [*_of_texts(), *_shipped()] if seed % 2 else _shipped(), 150)
