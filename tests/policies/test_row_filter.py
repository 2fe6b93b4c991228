"""Which statements filter the rows of one relation one by one."""

from __future__ import annotations

import pytest

from service.policies.rules.row_filter import is_row_filter


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM procesos_vigentes",
        "select name, username from procesos_vigentes where name = 'nc';",
        "SELECT p.name AS n FROM procesos_vigentes AS p WHERE p.name IN ('a', 'b') -- two",
        "SELECT name FROM procesos_vigentes p WHERE instr(linea_comando, 'count(*) FROM x')",
        "SELECT name, count(*) AS n FROM procesos_vigentes WHERE name = 'nc' GROUP BY name",
        "SELECT max(name) FROM procesos_listados GROUP BY lista",
        "SELECT CASE WHEN name GLOB 'a*' THEN name END FROM processes WHERE name IS NOT NULL",
    ],
)
def test_a_filter_of_one_relation(sql: str) -> None:
    assert is_row_filter(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT count(*) FROM procesos_vigentes",
        "SELECT name, max (ejecutable) FROM procesos_vigentes",
        "SELECT DISTINCT name FROM procesos_vigentes",
        "SELECT name FROM procesos_vigentes GROUP BY name HAVING count(*) > 1",
        "SELECT count(DISTINCT pid) FROM procesos_vigentes GROUP BY name",
        "SELECT name FROM procesos_vigentes ORDER BY name LIMIT 1",
        "SELECT name FROM procesos_vigentes WHERE pid IN (SELECT ppid FROM procesos_vigentes)",
        "SELECT name FROM procesos_vigentes WHERE name IN listas",
        "SELECT p.name FROM procesos_vigentes AS p, procesos_vigentes AS q",
        "SELECT p.name FROM procesos_vigentes AS p JOIN listas",
        "SELECT name FROM (procesos_vigentes)",
        "SELECT name FROM main.procesos_vigentes",
        "SELECT row_number() OVER () FROM procesos_vigentes",
        "WITH a AS (SELECT 1) SELECT name FROM procesos_vigentes",
        "SELECT name FROM procesos_vigentes UNION SELECT name FROM procesos_vigentes",
        "SELECT `count`(*) FROM procesos_vigentes",
        "SELECT name FROM procesos_vigentes WHERE name IS DISTINCT FROM 'a'",
        "SELECT name FROM procesos_vigentes INDEXED BY x WHERE 1",
    ],
)
def test_what_is_more_than_a_filter(sql: str) -> None:
    assert not is_row_filter(sql)
