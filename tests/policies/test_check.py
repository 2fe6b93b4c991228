"""What only SQLite can tell of a rule, and the cases that it must pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.policies.guard.check import check_rules
from service.policies.guard.guard import Guard
from service.policies.rules.data_files import DataFiles
from service.policies.rules.faults import RuleFault
from service.policies.rules.folders import adjusted
from service.policies.rules.relations import RELATIONS
from service.policies.rules.rule_file import read_rule
from tests.policies.rule_texts import write_rule

Change = tuple[str, str]


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard() as made:
        yield made


def faults(guard: Guard, folder: Path, *changes: Change) -> list[RuleFault]:
    rule = read_rule(write_rule(folder, *changes), RELATIONS)
    _, found = check_rules(guard, [rule], DataFiles(lists={"bad-names": {"bad"}}))
    return found


def test_a_right_rule_has_no_fault(guard: Guard, tmp_path: Path) -> None:
    assert faults(guard, tmp_path) == []


WITHOUT_NAME = ("SELECT name, count(*) AS n", "SELECT 'x' AS other, count(*) AS n")
IN_SILENCE = ('"servidor"\n', '"servidor"\n-- en_silencio = "evalua"\n')


@pytest.mark.parametrize(
    ("changes", "line", "reason"),
    [
        ([("FROM procesos_vigentes", "FROM procesos")], 19, "no such table: procesos"),
        ([("name = 'bad'", "nombre = 'bad'")], 19, "no such column: nombre"),
        ([("name = 'bad'", "\"nombre\" = 'bad'")], 19, "no such column: nombre"),
        ([("name = 'bad'", "printf('%s', name) = 'bad'")], 19, "the function printf()"),
        ([("name = 'bad'", "abs(random()) < 9")], 19, "the function random()"),
        ([("GROUP BY", "GROUP")], 19, "syntax error"),
        ([('clave = ["name"]', 'clave = ["nombre"]')], 11, "clave: the statement has no column"),
        ([('["name", "n"]', '["m"]')], 12, "evidencia: the statement has no column m"),
        ([("{name} {n}", "{m}")], 5, "es.motivo: the statement has no column m"),
        ([('"servidor"', '"flota"')], 8, "ambito: the statement has no column servidor"),
        ([('so = ["Debian*"]', 'consulta = "SELECT 1"')], 9, "expected a column servidor"),
        ([('so = ["Debian*"]', 'consulta = "SELECT x"')], 9, "aplica.consulta: no such column: x"),
        ([("procesos_vigentes", "procesos_listados")], 19, "names none of the lists: bad-names"),
        ([IN_SILENCE], 9, "en_silencio: what ran"),
        (
            [("FROM procesos_vigentes", "FROM (WITH proceso AS (SELECT 1) SELECT 1)")],
            19,
            "no such column",
        ),
        ([('veredicto = "falla"', 'veredicto = "cumple"')], 14, "pruebas: none with veredicto"),
        ([('veredicto = "cumple"', 'veredicto = "falla"')], 14, "pruebas: none with veredicto"),
        ([('name = "bad" }', 'name = "good" }')], 15, "prueba 1: expected falla, got cumple"),
        ([('{ entorno = "produccion" } }', "{} }")], 16, "got no_aplica (etiqueta)"),
        (
            [('"cumple",', '"cumple", sin = ["nombres"],')],
            16,
            "got desconocido (sin_dato): nombres",
        ),
        ([('"falla",', '"falla", filas = 2,')], 15, "expected 2 rows, got 1"),
        (
            [('"falla",', '"falla", razon = "silencio",')],
            15,
            "expected falla (silencio), got falla",
        ),
        ([('"falla",', '"falla", razon = "x",')], 15, "razon: expected one of"),
        ([('"falla",', '"mal",')], 15, "veredicto: expected one of"),
        ([('"falla",', '"falla", color = 1,')], 15, "color is nothing here"),
        ([('name = "bad"', 'nombre = "bad"')], 15, "nombre is nothing here"),
        ([('name = "bad"', 'name = "bad", pid = "x"')], 15, "cannot store TEXT"),
        ([('name = "bad"', 'name = "bad", inicio = "ayer"')], 15, "Invalid isoformat"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line(
    guard: Guard, changes: list[Change], line: int, reason: str, tmp_path: Path
) -> None:
    found = faults(guard, tmp_path, *changes)
    assert [fault.reason for fault in found if fault.line == line and reason in fault.reason], found


def test_what_adjustments_change_breaks_no_case_of_the_file(guard: Guard, tmp_path: Path) -> None:
    rule = read_rule(write_rule(tmp_path), RELATIONS)
    changed = adjusted(rule, {"aplica": {"so": "Plan 9"}, "plazos": {"gracia_arranque": "400d"}})
    assert changed.hash != rule.hash
    assert check_rules(guard, [changed], DataFiles())[1] == []
