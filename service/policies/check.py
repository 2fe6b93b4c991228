"""Checks a rule with SQLite: its columns, what it reads, and its cases. In the guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.policies.cases import Case, read_case
from service.policies.evidence import placeholders
from service.policies.faults import RuleFault
from service.policies.guard import Data, Guard, Request
from service.policies.judged_rule import JudgedRule
from service.policies.judging import Inspection
from service.policies.places import TABLES_SCRIPT
from service.policies.relations import reads_logins, reads_processes
from service.policies.rule import InSilence, Rule, Scope, Semantics
from service.policies.verdict import State, Verdict
from service.store.engines.image import ImageBuilder

_SIDES = (State.FALLA, State.CUMPLE)
_JUDGED = 1  # the number of the server that a case is about


def check_rules(
    guard: Guard, rules: Sequence[Rule], data: Data
) -> tuple[dict[str, Inspection], list[RuleFault]]:
    """What SQLite says of each rule, and what is wrong with them. The guard has these rules then."""
    inspections = guard.load([JudgedRule.of(rule) for rule in rules], data)
    faults: list[RuleFault] = []
    with ImageBuilder(TABLES_SCRIPT.read_text(encoding="utf-8")) as builder:
        for rule in rules:
            found = list(_of_statement(rule, inspections[rule.id]))
            faults += found or _of_cases(guard, builder, rule)
    return inspections, faults


def _of_statement(rule: Rule, found: Inspection) -> Iterator[RuleFault]:
    if found.error is not None and found.of_applies:
        yield _fault(rule, "aplica", f"aplica.consulta: {found.error}")
        return
    if found.error is not None:
        yield RuleFault(rule.path, rule.sql_line, found.error)
        return
    for name, columns in (("clave", rule.key), ("evidencia", rule.evidence)):
        for column in columns:
            if column not in found.columns:
                yield _fault(rule, name, f"{name}: the statement has no column {column}")
    if rule.semantics is Semantics.FILA_ES_VIOLACION:
        for language, texts in rule.texts.items():
            for column in placeholders(texts.motivo):
                if column not in found.columns:
                    reason = f"{language}.motivo: the statement has no column {column}"
                    yield _fault(rule, language, reason)
    if rule.scope is Scope.FLOTA and "servidor" not in found.columns:
        yield _fault(rule, "ambito", "a rule about the fleet needs a column servidor")
    if rule.applies.query is not None and "servidor" not in found.applies_columns:
        yield _fault(rule, "aplica", "aplica.consulta: expected a column servidor")
    reads = found.reads
    if rule.in_silence is InSilence.EVALUA and (reads_processes(reads) or reads_logins(reads)):
        reason = "en_silencio: what ran on a silent server need not run now"
        yield _fault(rule, "en_silencio", reason)


def _of_cases(guard: Guard, builder: ImageBuilder, rule: Rule) -> list[RuleFault]:
    faults = [
        _fault(rule, "pruebas", f"pruebas: none with veredicto = {side.value!r}")
        for side in _SIDES
        if not any(case.get("veredicto") == side for case in rule.cases)
    ]
    for number, table in enumerate(rule.cases):
        try:
            case = read_case(table)
            verdict = _judge(guard, rule, builder.image_of(case.tables), case)
        except ValueError as error:
            reason = str(error)
        else:
            reason = _difference(case, verdict)
        if reason:
            lines = rule.case_lines
            line = lines[number] if number < len(lines) else rule.lines.get("pruebas")
            faults.append(RuleFault(rule.path, line, f"prueba {number + 1}: {reason}"))
    return faults


def _fault(rule: Rule, member: str, reason: str) -> RuleFault:
    return RuleFault(rule.path, rule.lines.get(member), reason)


def _judge(guard: Guard, rule: Rule, image: bytes, case: Case) -> Verdict:
    guard.open(image)
    if rule.scope is Scope.FLOTA:
        verdicts = guard.judge_fleet(case.now, [rule.id])[rule.id]
        return verdicts if isinstance(verdicts, Verdict) else verdicts[_JUDGED]
    ((_, found),) = guard.judge([Request(_JUDGED, case.now, [rule.id])])
    return found[rule.id]


def _difference(case: Case, verdict: Verdict) -> str:
    """How the verdict differs from the case; empty if it does not."""
    said = verdict.state if verdict.reason is None else f"{verdict.state} ({verdict.reason})"
    detail = f": {verdict.detail}" if verdict.detail else ""
    if verdict.state is not case.state:
        return f"expected {case.state}, got {said}{detail}"
    if case.reason is not None and verdict.reason is not case.reason:
        return f"expected {case.state} ({case.reason}), got {said}{detail}"
    if case.rows is not None and verdict.total != case.rows:
        return f"expected {case.rows} rows, got {verdict.total}"
    return ""
