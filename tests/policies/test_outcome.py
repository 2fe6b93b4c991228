"""What `evaluate --once` exits with, and what it writes for pipelines."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from service.policies.evaluator.outcome import Outcome, write_csv, write_junit
from service.store.read.evaluation import Evaluation, OpenViolation, ServerVerdict
from service.store.read.unjudged import Waiting
from service.store.read.waivers import Waiver
from service.times import HOUR

NOW = 1000 * HOUR


def verdict(state: str, reason: str | None = None, server: int = 1) -> ServerVerdict:
    return ServerVerdict(server, f"id:m{server}", 0, "minero", "alta", state, reason, None)


def violation(
    severity: str = "alta",
    confirmed_at: int | None = HOUR,
    grace_until_at: int | None = None,
    waiver: Waiver | None = None,
) -> OpenViolation:
    key = '{"name":"=xmrig"}'
    opened = (None, HOUR)
    return OpenViolation(
        1, "minero", severity, "ab", key, *opened, confirmed_at, grace_until_at, "m", "m", waiver
    )


WAIVER = Waiver(
    *(7, "minero", 1, None, None, None, None, "lab", "ana", HOUR, NOW + HOUR, None, None)
)


def outcome(
    *verdicts: ServerVerdict,
    violations: tuple[OpenViolation, ...] = (),
    faults: tuple[tuple[str, int | None, str], ...] = (),
    waiting: int = 0,
) -> Outcome:
    return Outcome(Evaluation(NOW, verdicts, violations, faults, Waiting(waiting, None)), 90)


PASS, FAIL = verdict("cumple"), verdict("falla")
SILENT, BROKEN = verdict("desconocido", "silencio", 2), verdict("desconocido", "limite", 2)
ELSEWHERE = verdict("no_aplica", "etiqueta", 3)
FAULT = ("rules/x.sql", 3, "no SELECT")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (outcome(PASS, ELSEWHERE), 0),
        (outcome(FAIL, violations=(violation("media"),)), 0),
        (outcome(FAIL, violations=(violation("alta"),)), 1),
        (outcome(FAIL, violations=(violation("critica"),)), 1),
        (outcome(FAIL, violations=(violation(confirmed_at=None),)), 0),
        (outcome(FAIL, violations=(violation(grace_until_at=NOW + 1),)), 0),
        (outcome(FAIL, violations=(violation(grace_until_at=NOW),)), 1),
        (outcome(FAIL, violations=(violation(waiver=WAIVER),)), 0),
        (outcome(FAIL, violations=(violation(waiver=WAIVER), violation())), 1),
        (outcome(*[PASS] * 9, SILENT, violations=(violation(),)), 1),
        (outcome(*[PASS] * 8, SILENT, violations=(violation(),)), 4),
        (outcome(PASS, waiting=1), 4),
        (outcome(ELSEWHERE), 4),
        (outcome(), 4),
        (outcome(*[PASS] * 20, BROKEN, waiting=1), 3),
        (outcome(PASS, faults=(FAULT,)), 3),
    ],
)
def test_the_first_that_holds_is_the_exit_code(found: Outcome, code: int) -> None:
    assert found.exit_code == code


def test_csv_has_a_row_for_each_verdict_and_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    write_csv(outcome(FAIL, SILENT, violations=(violation(), violation())), path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["servidor"], row["veredicto"], row["razon"]) for row in rows] == [
        ("1", "falla", ""),
        ("1", "falla", ""),
        ("2", "desconocido", "silencio"),
    ]
    assert rows[0]["abierta_en"] == "1970-01-01 01:00:00.000000"
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_junit_skips_unknown_and_makes_broken_an_error(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.xml"
    found = outcome(FAIL, SILENT, BROKEN, ELSEWHERE, violations=(violation(),), faults=(FAULT,))
    write_junit(found, path)
    minero, policies = ET.parse(path).getroot()
    assert {name: minero.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    assert policies.get("errors") == "1"


def test_a_waived_violation_stays_a_failure_and_says_so(tmp_path: Path) -> None:
    found = outcome(FAIL, violations=(violation(waiver=WAIVER), violation()))
    assert "2 violations open, 1 of them waived; 100 % of what applies judged" in found.lines()
    write_csv(found, tmp_path / "verdicts.csv")
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        ends = [row["exenta_hasta"] for row in csv.DictReader(file)]
    assert ends == ["1970-02-11 17:00:00.000000", ""]
    write_junit(found, tmp_path / "verdicts.xml")
    failures = ET.parse(tmp_path / "verdicts.xml").getroot().iter("failure")
    assert [failure.get("type") for failure in failures] == ["exenta", None]


def test_a_clone_is_a_case_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.xml"
    write_junit(
        outcome(FAIL, PASS._replace(server_id=2, sibling=1), violations=(violation(),)), path
    )
    cases = ET.parse(path).getroot().iter("testcase")
    assert [case.get("name") for case in cases] == ["id:m1", "id:m1#1"]


def test_a_suite_in_which_nothing_was_judged_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.xml"
    write_junit(outcome(ELSEWHERE), path)
    (suite,) = ET.parse(path).getroot()
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
