"""Checks a rule with SQLite: its columns, what it reads, and its cases. In the guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.policies.guard.cases import Case, read_case
from service.policies.guard.guard import Guard, Request
from service.policies.guard.inspection import Inspection
from service.policies.guard.judged_rule import JudgedRule
from service.policies.guard.text_hash import lists_named, reads_lists
from service.policies.guard.verdict import State, Verdict
from service.policies.rules.data_files import DataFiles
from service.policies.rules.faults import RuleFault
from service.policies.rules.placeholders import placeholders
from service.policies.rules.places import TABLES_SCRIPT
from service.policies.rules.relations import reads_logins, reads_processes
from service.policies.rules.rule import InSilence, Rule, Scope, Semantics
from service.store.engines.image import ImageBuilder

_SIDES = (State.FALLA, State.CUMPLE)
_JUDGED = 1  # the number of the server that a case is about


def check_rules(
    guard: Guard, rules: Sequence[Rule], data: DataFiles
) -> tuple[dict[str, Inspection], list[RuleFault]]:
    """What SQLite says of each rule, and what is wrong with them. The guard has other rules then.

    Cases are those of the file: what the user's adjustments change of a rule breaks none.
    """
    inspections = guard.load([JudgedRule.of(rule) for rule in rules], data.tables())
    faults: list[RuleFault] = []
    sound: list[Rule] = []
    for rule in rules:
        found = list(_of_statement(rule, inspections[rule.id], data))
        faults += found
        if not found:
            sound.append(rule.written or rule)
    guard.load([JudgedRule.of(rule) for rule in sound], data.tables())
    with ImageBuilder(TABLES_SCRIPT.read_text(encoding="utf-8")) as builder:
        for rule in sound:
            faults += _of_cases(guard, builder, rule)
    return inspections, faults


def _of_statement(rule: Rule, found: Inspection, data: DataFiles) -> Iterator[RuleFault]:
    if found.error is not None and found.of_applies:
        yield _fault(rule, "aplica", f"aplica.consulta: {found.error}")
    elif found.error is not None:
        yield RuleFault(rule.path, rule.sql_line, found.error)
    else:
        for member, column in _columns_named(rule):
            if column not in found.columns:
                reason = f"{member}: the statement has no column {column}"
                yield _fault(rule, member.partition(".")[0], reason)
        if rule.applies.query is not None and "servidor" not in found.applies_columns:
            yield _fault(rule, "aplica", "aplica.consulta: expected a column servidor")
        if reads_lists(found) and not lists_named(rule, data):
            # It would pass for ever without looking for anything.
            reason = f"names none of the lists: {', '.join(sorted(data.lists))}"
            yield RuleFault(rule.path, rule.sql_line, reason)
        reads = found.reads | found.applies_reads
        if rule.in_silence is InSilence.EVALUA and (reads_processes(reads) or reads_logins(reads)):
            reason = "en_silencio: what ran on a silent server need not run now"
            yield _fault(rule, "en_silencio", reason)


def _columns_named(rule: Rule) -> Iterator[tuple[str, str]]:
    """Where the rule names a column of its statement, and the column."""
    yield from (("clave", column) for column in rule.key)
    yield from (("evidencia", column) for column in rule.evidence)
    if rule.scope is Scope.FLOTA:
        yield "ambito", "servidor"
    if rule.semantics is Semantics.FILA_ES_VIOLACION:
        for language, texts in rule.texts.items():
            yield from ((f"{language}.motivo", column) for column in placeholders(texts.motivo))


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
