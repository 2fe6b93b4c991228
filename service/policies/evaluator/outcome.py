"""What an evaluation comes to: its exit code, a summary, and files for pipelines."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service import times
from service.errors import StorageUnavailableError
from service.policies.guard.verdict import Reason, State
from service.policies.rules.rule import Severity
from service.store.read.evaluation import Evaluation, OpenViolation, ServerVerdict

CLEAN, SEVERE, BROKEN, INCOMPLETE = 0, 1, 3, 4

_SEVERE = {Severity.ALTA, Severity.CRITICA}
_BROKEN = {Reason.REGLA_ROTA, Reason.LIMITE}
_JUDGED = {State.CUMPLE, State.FALLA}
_COLUMNS = (
    "servidor",
    "identidad",
    "regla",
    "severidad",
    "veredicto",
    "razon",
    "detalle",
    "violacion",
    "clave",
    "abierta_tras",
    "abierta_en",
    "confirmada_en",
    "motivo",
    "exenta_hasta",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """minimum: the least part of what applies that has to be judged, in per cent."""

    evaluation: Evaluation
    minimum: int

    @property
    def exit_code(self) -> int:
        """The first that holds: something is broken, too little is judged, something severe."""
        if self.evaluation.faults or any(v.reason in _BROKEN for v in self.evaluation.verdicts):
            return BROKEN
        judged, applies = self.judged()
        if self.evaluation.waiting.servers or not applies or 100 * judged < self.minimum * applies:
            return INCOMPLETE
        return SEVERE if any(self._counts(v) for v in self.evaluation.violations) else CLEAN

    def judged(self) -> tuple[int, int]:
        """How many verdicts say pass or fail, and how many rules apply to servers."""
        counts = Counter(verdict.state for verdict in self.evaluation.verdicts)
        judged = sum(counts[state] for state in _JUDGED)
        return judged, judged + counts[State.DESCONOCIDO]

    def _counts(self, violation: OpenViolation) -> bool:
        grace = violation.grace_until_at
        return (
            violation.severity in _SEVERE
            and violation.confirmed_at is not None
            and violation.waiver is None
            and (grace is None or grace <= self.evaluation.read_at)
        )

    def _open(self) -> str:
        violations = self.evaluation.violations
        waived = sum(violation.waiver is not None for violation in violations)
        return f"{len(violations)} violations open" + (f", {waived} of them waived" * bool(waived))

    def lines(self) -> Iterator[str]:
        """The summary, for people."""
        for path, line, reason in self.evaluation.faults:
            yield f"refused  {path}{f':{line}' if line else ''}: {reason}"
        by_rule: dict[str, Counter[str]] = defaultdict(Counter)
        for verdict in self.evaluation.verdicts:
            by_rule[verdict.rule][verdict.state] += 1
        for rule in sorted(by_rule):
            counts = by_rule[rule]
            yield (
                f"{rule}: {counts[State.CUMPLE]} pass, {counts[State.FALLA]} fail,"
                f" {counts[State.DESCONOCIDO]} unknown, {counts[State.NO_APLICA]} do not apply"
            )
        judged, applies = self.judged()
        share = f"{100 * judged // applies} %" if applies else "nothing"
        yield f"{self._open()}; {share} of what applies judged"
        if self.evaluation.waiting.servers:
            yield f"{self.evaluation.waiting.servers} servers have reports that are not judged yet"


def write_csv(outcome: Outcome, path: Path) -> None:
    """A row for each verdict, and one for each open violation beside. Raises
    StorageUnavailableError.
    """
    violations = _by_verdict(outcome.evaluation.violations)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
            for verdict in outcome.evaluation.verdicts:
                for found in violations.get((verdict.server_id, verdict.rule), (None,)):
                    rows.writerow(map(_cell, _row(verdict, found)))
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be written: {error.strerror}") from error


def _row(verdict: ServerVerdict, found: OpenViolation | None) -> Sequence[object]:
    known = (
        verdict.server_id,
        _name(verdict),
        verdict.rule,
        verdict.severity,
        verdict.state,
        verdict.reason,
        verdict.detail,
    )
    if found is None:
        return (*known, *(None,) * (len(_COLUMNS) - len(known)))
    return (
        *known,
        found.digest,
        found.key,
        _text(found.opened_after_at),
        _text(found.opened_in_at),
        _text(found.confirmed_at),
        found.motive_es,
        _text(None if found.waiver is None else found.waiver.until_at),
    )


def _name(verdict: ServerVerdict) -> str:
    """The identity of the server; clones share it."""
    return f"{verdict.identity}#{verdict.sibling}" if verdict.sibling else verdict.identity


def _text(at: int | None) -> str | None:
    return None if at is None else times.to_text(at)


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def write_junit(outcome: Outcome, path: Path) -> None:
    """A suite for each rule, a case for each server that it applies to. Unknown is skipped, a
    broken rule an error; so is a suite in which nothing was judged. Raises
    StorageUnavailableError.
    """
    violations = _by_verdict(outcome.evaluation.violations)
    by_rule: dict[str, list[ServerVerdict]] = defaultdict(list)
    for verdict in outcome.evaluation.verdicts:
        by_rule[verdict.rule].append(verdict)
    root = ET.Element("testsuites", name="compliance")
    for rule, verdicts in sorted(by_rule.items()):
        root.append(_suite(rule, verdicts, violations))
    if outcome.evaluation.faults:
        suite = ET.SubElement(root, "testsuite", name="policies")
        for file, line, reason in outcome.evaluation.faults:
            case = ET.SubElement(suite, "testcase", classname="policies", name=_clean(file))
            ET.SubElement(case, "error", message=_clean(f"{line or ''}: {reason}"))
        _count(suite)
    try:
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise StorageUnavailableError(f"{path} cannot be written: {error.strerror}") from error


def _suite(
    rule: str,
    verdicts: Sequence[ServerVerdict],
    violations: Mapping[tuple[int, str], Sequence[OpenViolation]],
) -> ET.Element:
    suite = ET.Element("testsuite", name=rule)
    for verdict in verdicts:
        if verdict.state == State.NO_APLICA:
            continue
        case = ET.SubElement(suite, "testcase", classname=rule, name=_clean(_name(verdict)))
        said = _clean(": ".join(filter(None, (verdict.reason, verdict.detail))))
        if verdict.state == State.FALLA:
            for found in violations.get((verdict.server_id, rule), ()):
                failure = ET.SubElement(case, "failure", message=_clean(found.motive_en or ""))
                if found.waiver is not None:
                    failure.set("type", "exenta")
                after = _text(found.opened_after_at) or "before"
                failure.text = _clean(
                    f"{found.key or 'reserved'}; between {after} and {_text(found.opened_in_at)}"
                )
        elif verdict.state == State.DESCONOCIDO:
            kind = "error" if verdict.reason in _BROKEN else "skipped"
            ET.SubElement(case, kind, message=said)
    if not any(verdict.state in _JUDGED for verdict in verdicts):
        case = ET.SubElement(suite, "testcase", classname=rule, name="nothing was judged")
        ET.SubElement(case, "error", message="no server passes or fails")
    _count(suite)
    return suite


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite)))
    for attribute, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(kind) is not None for case in suite)))


def _clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _by_verdict(
    violations: Sequence[OpenViolation],
) -> dict[tuple[int, str], list[OpenViolation]]:
    found: dict[tuple[int, str], list[OpenViolation]] = defaultdict(list)
    for violation in violations:
        found[violation.server_id, violation.rule].append(violation)
    return found


__all__ = ["BROKEN", "CLEAN", "INCOMPLETE", "SEVERE", "Outcome", "write_csv", "write_junit"]
