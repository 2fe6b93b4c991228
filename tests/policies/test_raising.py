"""Statements that may break at some rows and not at others."""

from __future__ import annotations

import pytest

from service.policies.rules.raising import (
    raises_at_rows,
    raises_over_rows,
    takes_entries_as_patterns,
)

_FROM = "FROM procesos_vigentes AS p"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT 1 {_FROM} WHERE name LIKE 'a%' AND name GLOB 'a' LIMIT 1",
        f"SELECT date(:ahora, '+1 day') {_FROM} WHERE strftime('%H', :ahora) > '12'",
        f"SELECT name AS date {_FROM} ORDER BY name || ':' || pid LIMIT 3 OFFSET 2",
        f"SELECT 1 {_FROM} WHERE name LIKE '{'é' * 128}'",
        "SELECT 1 FROM listas AS l JOIN procesos_vigentes AS p ON p.name GLOB l.valor",
    ],
)
def test_a_statement_that_breaks_at_no_row(sql: str) -> None:
    assert not raises_at_rows(sql)
    assert not raises_over_rows(sql)


@pytest.mark.parametrize(
    "condition",
    [
        "en_red(name, '10.0.0.0/8')",
        "`abs`(pid) > 1",
        "name LIKE linea_comando",
        "name LIKE 'a' || linea_comando",
        "glob(linea_comando, name)",
        "'a' LIKE 'b' ESCAPE name",
        "date(name) IS NULL",
        "strftime('%H', :ahora, name) IS NULL",
        "datetime('n' || 'ow') IS NULL",
        "replace(linea_comando, 'a', linea_comando) = ''",
        "p.name GLOB q.valor AND (SELECT 1 FROM (SELECT linea_comando AS valor))",
        f"name LIKE '{'é' * 128}%'",
        "name GLOB l.valor AND pid IN (SELECT valor FROM t UNION SELECT linea_comando FROM t)",
        "name GLOB e.valor AND EXISTS (SELECT 1 FROM Etiquetas AS e)",
        "name||name||name||name = ''",
        "name||(SELECT group_concat(linea_comando) FROM processes) = ''",
    ],
)
def test_a_condition_that_may_break(condition: str) -> None:
    assert raises_at_rows(f"SELECT 1 {_FROM} WHERE {condition}")


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT group_concat(linea_comando) {_FROM}",
        f"SELECT nth_value(pid, 0) OVER () {_FROM}",
        f"SELECT count(*) OVER (ROWS pid PRECEDING) {_FROM}",
        f"SELECT 1 {_FROM} LIMIT (SELECT max(name) {_FROM})",
        f"SELECT 1 {_FROM} LIMIT 1 OFFSET (SELECT max(name) {_FROM})",
        f"SELECT 1 FROM (SELECT DISTINCT cmdline{', p.*' * 7} FROM processes AS p)",
    ],
)
def test_several_rows_that_may_break_a_statement(sql: str) -> None:
    assert not raises_at_rows(sql)
    assert raises_over_rows(sql)


@pytest.mark.parametrize(
    ("condition", "takes"),
    [("name LIKE 'a%' AND valor = 'b'", False), ("name NOT GLOB l.valor", True)],
)
def test_an_entry_of_a_list_that_is_a_pattern(condition: str, takes: bool) -> None:
    assert takes_entries_as_patterns(f"SELECT 1 {_FROM} WHERE {condition}") == takes
