"""Where statements read relations, and what every row has to meet there."""

from __future__ import annotations

import math

import pytest

from service.policies.rules.sources import sources

_P = "procesos_vigentes"
_SHADOWED = "SELECT 1 FROM (WITH b AS (SELECT 1 FROM a), a AS (SELECT 1) SELECT 1 FROM b)"
_RECURSIVE = f"""
WITH RECURSIVE t AS (SELECT 1 FROM {_P} AS a UNION ALL SELECT 1 FROM t)
SELECT count(*) FROM t GROUP BY 1
"""


def _shown(sql: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found = sources(sql)
    assert found is not None
    return [(source.relation, source.alias, source.conditions) for source in found.read]


@pytest.mark.parametrize(
    ("sql", "conditions"),
    [
        (f"SELECT name FROM {_P};", ()),
        (f"select name from {_P} where name = 'a' and pid > 1 -- c", ("name = 'a'", "pid > 1")),
        (
            f"SELECT name FROM {_P} WHERE name = 'a' OR pid > 1 AND x",
            ("name = 'a' OR pid > 1 AND x",),
        ),
        (f"SELECT 1 FROM {_P} WHERE a BETWEEN 1 AND 2 AND b", ("a BETWEEN 1 AND 2", "b")),
        (
            f"SELECT 1 FROM {_P} WHERE CASE WHEN a AND b THEN c END AND d GROUP BY e HAVING f",
            ("CASE WHEN a AND b THEN c END", "d"),
        ),
        (
            f"SELECT 1 FROM {_P} WHERE (a AND b) AND name IN ('c', 'd')",
            ("(a AND b)", "name IN ('c', 'd')"),
        ),
        (f"SELECT 1 FROM {_P} WHERE CASE WHEN end AND a THEN b END AND c", ()),
        (f"SELECT 1 FROM {_P} WHERE name = 'a' AND ca\u017fe OR end", ()),
        (
            f"SELECT 1 FROM {_P} WHERE name IS DISTINCT FROM 'a' AND b ORDER BY c LIMIT 1",
            ("name IS DISTINCT FROM 'a'", "b"),
        ),
    ],
)
def test_the_conditions_of_a_relation(sql: str, conditions: tuple[str, ...]) -> None:
    assert _shown(sql) == [(_P, _P, conditions)]


@pytest.mark.parametrize(
    ("sql", "is_filter"),
    [
        (f"SELECT 1 FROM {_P} WHERE name = 'a'", True),
        (f"SELECT 1 FROM (SELECT pid FROM {_P} WHERE name = 'a') WHERE abs(pid)", False),
        (f"SELECT 1 FROM {_P} AS a, {_P} AS b", False),
    ],
)
def test_a_statement_that_is_one_filter(sql: str, is_filter: bool) -> None:
    found = sources(sql)
    assert found is not None
    assert found.is_filter == is_filter


def test_relations_in_joins_queries_and_with_clauses() -> None:
    assert _shown(
        f"WITH t AS (SELECT pid FROM {_P} AS a WHERE a.x), u (n) AS NOT MATERIALIZED (SELECT 1)"
        f" SELECT 1 FROM t JOIN {_P} b ON b.y AND t.z CROSS JOIN u, listas WHERE c"
        f" AND EXISTS (SELECT 1 FROM processes WHERE d)"
        f" UNION ALL SELECT max(1, (SELECT 2 FROM procesos_listados WHERE e)) FROM t"
    ) == [
        (_P, "a", ("a.x",)),
        ("processes", "processes", ("d",)),
        (_P, "b", ("b.y", "t.z", "c", "EXISTS (SELECT 1 FROM processes WHERE d)")),
        ("listas", "listas", ("b.y", "t.z", "c", "EXISTS (SELECT 1 FROM processes WHERE d)")),
        ("procesos_listados", "procesos_listados", ("e",)),
    ]


def test_a_row_of_an_outer_join_may_stand_without_a_partner() -> None:
    sql = f"SELECT 1 FROM {_P} AS a LEFT JOIN {_P} AS b ON b.x WHERE b.name IS NULL"
    assert _shown(sql) == [(_P, "a", ()), (_P, "b", ())]
    found = sources(sql)
    assert found is not None
    assert found.needed is None


@pytest.mark.parametrize(
    ("sql", "needed"),
    [
        (f"SELECT 1 FROM {_P} AS a WHERE x", ["a"]),
        (f"SELECT 1 FROM {_P} AS a, procesos_listados AS b", ["b"]),
        (f"SELECT 1 FROM {_P} AS a, etiquetas AS b", ["b"]),
        (f"SELECT 1 FROM {_P} AS a UNION SELECT 1 FROM {_P} AS b WHERE x", ["a", "b"]),
        (f"WITH t AS (SELECT 1 FROM {_P} AS a) SELECT 1 FROM t", ["a"]),
        (_RECURSIVE, ["a"]),
        (f"SELECT 1 FROM (SELECT 1 FROM {_P} AS a WHERE x) AS s JOIN listas", ["a"]),
        (f"SELECT count(*) FROM {_P}", None),
        (f"SELECT count(*) FROM {_P} AS a GROUP BY 1", ["a"]),
        (f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM {_P})", None),
        (f"SELECT 1 FROM {_P} UNION SELECT 1", None),
        (f"SELECT 1 FROM (SELECT max(pid) FROM {_P})", None),
    ],
)
def test_what_a_statement_needs_to_give_a_row(sql: str, needed: list[str] | None) -> None:
    found = sources(sql)
    assert found is not None
    aliases = None if found.needed is None else [source.alias for source in found.needed]
    assert aliases == needed


@pytest.mark.parametrize(
    ("sql", "most"),
    [
        (f"SELECT 1 FROM {_P} AS a JOIN {_P} AS b JOIN listas ON a.x WHERE b.y", 300_000),
        (f"SELECT 1 FROM {_P} AS a WHERE EXISTS (SELECT 1 FROM {_P} AS b)", 300),
        (f"WITH t AS (SELECT 1 FROM {_P} WHERE x) SELECT 1 FROM t, t AS u", 1),
        (f"SELECT 1 FROM redes, (WITH t AS (SELECT 1 FROM {_P}) SELECT 1 FROM t, t)", 90_000),
        (_RECURSIVE, 1),
        (_RECURSIVE.replace("FROM t GROUP", "FROM t, etiquetas GROUP"), math.inf),
    ],
)
def test_how_many_rows_are_looked_at_where_what_is_needed_is_missing(sql: str, most: float) -> None:
    found = sources(sql)
    assert found is not None
    assert found.most == most


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT name FROM {_P} WHERE name IN listas",
        f"SELECT name FROM ({_P})",
        f"SELECT name FROM main.{_P}",
        f"SELECT name FROM {_P} INDEXED BY x WHERE 1",
        f"SELECT name FROM '{_P}'",
        f"SELECT name FROM {_P} WHERE name IN (VALUES ('a'))",
        f"VALUES (1) UNION SELECT name FROM {_P}",
        f"WITH {_P} AS (SELECT 1) SELECT 1 FROM {_P}",
        f"WITH a AS (SELECT 1 FROM {_P}) {_SHADOWED}",
        f"WITH é AS (SELECT 1), É AS (SELECT 1 FROM {_P}) SELECT 1 FROM é",
        f"WITH a AS (SELECT 1 FROM {_P}) SELECT 1 FROM a AS window RIGHT JOIN (SELECT 1) ON 0",
        "SELECT name FROM json_each('[]')",
        "SELECT name FROM other",
        f"SELECT name FROM {_P} WHERE (name = 'a'",
        "",
    ],
)
def test_a_statement_that_is_not_understood(sql: str) -> None:
    assert sources(sql) is None
