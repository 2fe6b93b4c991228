"""A rule's file is read whole, or refused with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.policies.rules.faults import InvalidRuleError
from service.policies.rules.relations import RELATIONS
from service.policies.rules.rule import Applies, Clock, Deadlines, Fact, InSilence, Rule, Threshold
from service.policies.rules.rule_file import read_rule
from tests.policies.rule_texts import write_rule


def read(folder: Path, *changes: tuple[str, str]) -> Rule:
    return read_rule(write_rule(folder, *changes), RELATIONS)


def test_a_right_file_is_read(tmp_path: Path) -> None:
    rule = read(tmp_path)
    assert (rule.id, rule.version, rule.severity, rule.owner) == (
        "a-rule",
        2,
        "alta",
        "plataforma",
    )
    assert rule.controls["nist"] == ("AC-2(12)",)
    assert rule.applies == Applies("entorno=produccion", ("Debian*",), None)
    assert rule.requires_to_pass == (Fact.NOMBRES,)
    assert rule.deadlines == Deadlines(Threshold(2, None), Threshold(None, 1800), 86_400, 0)
    assert (rule.clock, rule.in_silence) == (Clock.NO, InSilence.DESCONOCIDO)
    assert rule.sql.startswith("SELECT name")
    assert (rule.sql_line, rule.lines["clave"], rule.case_lines) == (19, 11, (15, 16))


@pytest.mark.parametrize(
    ("change", "line", "reason"),
    [
        (('severidad = "alta"', 'severidad = "grave"'), 3, "expected one of baja, media"),
        (("version = 2", "version = 0"), 2, "version: expected an integer"),
        (("version = 2", "version = true"), 2, "version: expected an integer"),
        (('-- responsable = "plataforma"\n', ""), None, "responsable is missing"),
        (('"plataforma"', '"plataforma"\n-- colour = "red"'), 5, "colour is no field"),
        (('"plataforma"', '"plataforma"\n-- id = "b"'), 5, "Cannot overwrite"),
        (('"plataforma"', '"plataforma'), 4, "no TOML"),
        (('id = "a-rule"', 'id = "b-rule"'), 1, "differs from the name of the file"),
        (('id = "a-rule"', 'id = "A rule"'), 1, "lower case"),
        (('-- es = { titulo="t",', "-- es = {"), 5, "es.titulo is missing"),
        (('titulo="t"', 'titulo="t", lema = "x"'), 5, "es.lema is no field"),
        (("-- es = {", "-- fr = {"), None, "es or en is missing"),
        (("op.acc.4", "op.acc.7"), 6, "'op.acc.7' is no control"),
        (("A.8.2", "A.9.2"), 6, "'A.9.2' is no control"),
        (("AC-2(12)", "AC-26"), 6, "'AC-26' is no control"),
        (('"5.4"', '"5.7"'), 6, "'5.7' is no control"),
        (("fila_es_violacion", "fila"), 7, "fila_es_exito"),
        (("fila_es_violacion", "fila_es_exito"), 11, "clave: expected []"),
        (('"entorno=produccion", so', '"un texto", so'), 9, "key=value"),
        (('so = ["Debian*"]', "so = 3"), 9, "aplica.so: expected"),
        (('["nombres"]', '["nombre"]'), 10, "expected a list of some of nombres"),
        (('clave = ["name"]', 'clave = ["pid"]'), 11, "pid changes while"),
        (('clave = ["name"]', 'clave = ["id_proc"]'), 11, "id_proc changes while"),
        (('clave = ["name"]', 'clave = ["cmdline"]'), 11, "cmdline changes while"),
        (('clave = ["name"]', 'clave = ["name", "name"]'), 11, "none twice"),
        (("{name} {n}", "{linea_comando}"), 5, "never in a message"),
        (('"2 informes"', '"pronto"'), 13, "plazos.confirmar_tras: expected reports or a duration"),
        (('"24h"', '"800d"'), 13, "plazos.gracia_nuevos: expected a duration"),
        (("SELECT name, count", "DELETE name, count"), 19, "expected a SELECT, got DELETE"),
        (("FROM procesos_vigentes", "FROM sqlite_master"), 20, "sqlite_master: there is no such"),
        (("FROM procesos_vigentes", "FROM proceso"), 20, "proceso: there is no such relation"),
        (
            ("FROM procesos_vigentes", "FROM processes a JOIN processes USING (pid)"),
            20,
            "JOIN … ON",
        ),
        (("GROUP BY name", "GROUP BY name; SELECT 1"), 22, "one statement"),
        (("WHERE name = 'bad'", "WHERE name = date('now')"), 21, "only clock"),
        (("procesos_vigentes", "a -- \0"), 20, "NUL"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    change: tuple[str, str], line: int | None, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidRuleError) as refused:
        read(tmp_path, change)
    faults = {fault.line: fault for fault in refused.value.faults}
    assert line in faults, refused.value
    assert reason in faults[line].reason
    assert faults[line].path == tmp_path / "a-rule.sql"


def read_with_key_x(folder: Path, statement: str) -> Rule:
    shown = ("SELECT name, count(*) AS n\nFROM procesos_vigentes", statement)
    return read(folder, ('clave = ["name"]', 'clave = ["x"]'), shown)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pid AS x, name, 1 AS n FROM procesos_vigentes",
        'SELECT DISTINCT name, 1 AS n, p . PID "x" FROM processes p, redes',
        "WITH t AS (SELECT 1 AS pid) SELECT name, inicio 'x', 1 AS n FROM procesos_vigentes",
        "SELECT [cmdline] AS x FROM redes JOIN processes ON pid IS NOT NULL AND pid > 1",
    ],
)
def test_an_alias_makes_a_column_no_key(statement: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRuleError, match=r"x is (pid|inicio|cmdline), which changes while"):
        read_with_key_x(tmp_path, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'pid' AS x, name FROM procesos_vigentes",
        "SELECT pid AS y, name AS x FROM procesos_vigentes",
        "SELECT pid AS x, name AS x FROM procesos_vigentes",
        "SELECT pid > 9 AS x FROM procesos_vigentes",
        "SELECT count(pid) AS x FROM procesos_vigentes",
        "SELECT pid AS x FROM (SELECT name AS pid, name FROM processes)",
        "WITH t AS (SELECT name AS pid, name FROM processes) SELECT pid AS x FROM t",
        "SELECT (SELECT pid AS x FROM processes) IS NULL AS x FROM procesos_vigentes",
        "SELECT x",
    ],
)
def test_what_may_be_another_value_is_a_key(statement: str, tmp_path: Path) -> None:
    assert read_with_key_x(tmp_path, statement).key == ("x",)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidRuleError) as refused:
        read(tmp_path, ('"alta"', '"x"'), ('"servidor"', '"x"'), ("SELECT", "UPDATE"))
    assert [fault.line for fault in refused.value.faults] == [3, 8, 19]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"SELECT 1", "expected a header"),
        (b"\xff", "not UTF-8"),
        (b"-- id = 1\n" + b" " * 65_536, "longer than"),
    ],
)
def test_a_file_that_is_no_rule_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "a-rule.sql"
    path.write_bytes(content)
    with pytest.raises(InvalidRuleError, match=reason):
        read_rule(path, RELATIONS)


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    right = read(tmp_path)
    path = tmp_path / "a-rule.sql"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_rule(path, RELATIONS) == right


@pytest.mark.parametrize(
    ("change", "is_another_text"),
    [
        (('titulo="t"', 'titulo="u"'), False),
        (('"alta"', '"baja"'), False),
        (("op.acc.4", "op.acc.5"), False),
        (("version = 2", "version = 3"), False),
        (('"name", "n"]', '"n"]'), False),
        (("SELECT name, count", "SELECT  name, -- of it\n count"), False),
        (("'bad'", "'worse'"), True),
        (("produccion", "pruebas"), True),
        (('["nombres"]', "[]"), True),
        (('clave = ["name"]', "clave = []"), True),
        (('"2 informes"', '"3 informes"'), True),
        (('"servidor"\n', '"servidor"\n-- reloj = "dia"\n'), True),
    ],
)
def test_the_hash_covers_what_decides(
    change: tuple[str, str], is_another_text: bool, tmp_path: Path
) -> None:
    assert (read(tmp_path).hash != read(tmp_path, change).hash) is is_another_text
