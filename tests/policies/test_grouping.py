"""Which statements answer of groups of processes, each by itself, and of which groups."""

from __future__ import annotations

import pytest

from service.policies.guard.functions import FUNCTIONS, OF_VIEWS
from service.policies.rules.grouping import grouping
from service.policies.rules.places import RELATIONS_SCRIPT, TABLES_SCRIPT
from service.policies.rules.relations import ALLOWED
from service.policies.rules.unseen_reads import refusal
from service.store.engines.sandbox import Sandbox

_P = "FROM procesos_vigentes"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    script = "\n".join(path.read_text("utf-8") for path in (TABLES_SCRIPT, RELATIONS_SCRIPT))
    return Sandbox(script, ALLOWED, {**FUNCTIONS, **OF_VIEWS}, refusal)


def _groups(sandbox: Sandbox, sql: str) -> tuple[str, ...] | None:
    return grouping(sql, sandbox.describe(sql, {"ahora": None}).reads)


@pytest.mark.parametrize(
    ("sql", "groups"),
    [
        (f"SELECT username, count(*) AS n {_P} GROUP BY username HAVING n > 4", ("username",)),
        (f"SELECT p.name AS k {_P} AS p GROUP BY p.name, username HAVING count(*) > 4;",
         ("name", "username")),
        (f"SELECT p.name k, max(length(p.ejecutable)) m {_P} p GROUP BY k ORDER BY m", ("name",)),
        (f"SELECT name AS name, min(pid, ppid) {_P} GROUP BY name, 2", None),
        (f"SELECT username, count(DISTINCT name) {_P} WHERE pid > 2 GROUP BY 1", ("username",)),
        (f"SELECT count(*) FILTER (WHERE name = 'a') AS n {_P} HAVING n > 1", ()),
        ("SELECT count(*) AS n FROM processes HAVING n > 1000", ()),
        ("SELECT max(coalesce(parent, 0)) AS p FROM processes", ()),
        (f"SELECT name {_P} WHERE name LIKE 'a%' AND NOT (ppid IN (1, 2))", ("name", "ppid")),
        (f"SELECT 1 {_P}", ()),
    ],
)  # fmt: skip
def test_groups_of_statements(sandbox: Sandbox, sql: str, groups: tuple[str, ...] | None) -> None:
    assert _groups(sandbox, sql) == groups


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT name {_P} LIMIT 1",
        f"SELECT DISTINCT username {_P}",
        f"SELECT name {_P} UNION ALL SELECT name FROM processes",
        f"SELECT name {_P} WHERE pid IN (SELECT ppid {_P})",
        f"SELECT p.name {_P} AS p JOIN processes AS q ON q.pid = p.ppid",
        f"SELECT p.name {_P} AS p, listas",
        f"SELECT name {_P} WHERE username = :ahora",
        "SELECT nombre FROM procesos_listados",
        f"SELECT name, pid {_P} GROUP BY name",  # of any of its rows
        f"SELECT name, count(*) {_P} AS p GROUP BY name HAVING p.'pid' > 1",
        f"SELECT name, count(*) AS n {_P} GROUP BY name HAVING pid > 1",
        f"SELECT name, count(*) AS n {_P} GROUP BY name ORDER BY pid",
        f"SELECT name, count(*) AS n {_P} HAVING n > 1",
        f"SELECT username AS name, count(*) {_P} GROUP BY name",  # not by username
        f"SELECT count(*) AS name {_P} GROUP BY name",
        f"SELECT name {_P} WHERE name LIKE ejecutable",  # breaks at long ones
        f"SELECT lower(name) AS k, count(*) {_P} GROUP BY k",
        f"SELECT count(*) AS n {_P} GROUP BY lower(name)",
        f"SELECT count(*) AS n {_P} GROUP BY 'name'",
        f"SELECT name, count(*) {_P} GROUP BY name COLLATE NOCASE",
        f"SELECT min(name COLLATE NOCASE) AS n {_P}",
        f"SELECT min(name + 0) AS n {_P}",  # of 1 and 1.0 it is the first
        f"SELECT max(CASE WHEN pid > 1 THEN 1.0 ELSE 1 END) AS n {_P}",
        f"SELECT max(round(length(name))) AS n {_P}",
        f"SELECT group_concat(name) AS n {_P}",
        f"SELECT sum(length(name)) AS n {_P}",
        f"SELECT name, row_number() OVER (ORDER BY pid) {_P}",
        f"SELECT hora_local('2026-01-01', name) {_P}",  # breaks at some names
        f"SELECT name {_P} WHERE name IS DISTINCT FROM username",
    ],
)
def test_other_statements_have_no_groups(sandbox: Sandbox, sql: str) -> None:
    assert _groups(sandbox, sql) is None
