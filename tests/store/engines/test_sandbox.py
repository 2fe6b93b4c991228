"""Statements of others read the relations that they may, and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.functions import FUNCTIONS, OF_VIEWS
from service.policies.rules.places import RELATIONS_SCRIPT, TABLES_SCRIPT
from service.policies.rules.relations import ALLOWED
from service.policies.rules.unseen_reads import refusal
from service.store.engines.sandbox import Sandbox
from tests.support.bad_sql import ENDLESS, REFUSED


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    script = TABLES_SCRIPT.read_text() + RELATIONS_SCRIPT.read_text()
    made = Sandbox(script, ALLOWED, {**FUNCTIONS, **OF_VIEWS}, refusal)
    with made.trusted() as connection:
        connection.execute("UPDATE elegido SET desde = 0, hasta = 9")
        connection.executemany(
            "INSERT INTO proceso (id, servidor, pid, ppid, name, username, inicio)"
            " VALUES (?, 1, ?, 1, ?, 'root', 0)",
            [((1 << 20) + slot, 100 + slot, f"name-{slot}") for slot in range(300)],
        )
    yield made
    made.close()


def answer(sandbox: Sandbox, sql: str, *, seconds: float = 0.1) -> list[tuple[object, ...]]:
    found = sandbox.first(sql, {"ahora": "2026-01-15 12:00:00"}, seconds=seconds, max_rows=1000)
    if found.cut:
        raise StatementLimitError(found.cut)
    return list(found.rows)


def test_statements_read_relations_with_the_listed_functions(sandbox: Sandbox) -> None:
    assert answer(sandbox, "SELECT count(*), min(pid), max(inicio) FROM procesos_vigentes") == [
        (300, 100, "1970-01-01 00:00:00.000000")
    ]
    assert answer(sandbox, "SELECT date('2026-01-31', '+1 day'), strftime('%H', :ahora)") == [
        ("2026-02-01", "12")
    ]
    sql = "WITH one AS MATERIALIZED (SELECT pid FROM processes) SELECT count(*) FROM one"
    assert answer(sandbox, sql) == [(300,)]


@pytest.mark.parametrize("sql", REFUSED)
def test_everything_else_is_refused(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises((StatementRefusedError, StatementBrokenError)):
        answer(sandbox, sql)
    assert answer(sandbox, "SELECT count(*) FROM processes") == [(300,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT usuario, proceso FROM (SELECT username AS usuario, name AS proceso FROM processes)",
        "SELECT 'using' AS elegido FROM processes AS a -- NATURAL\n ORDER BY elegido",
        "SELECT name AS usuario FROM processes WHERE name IS NOT DISTINCT FROM usuario",
        "SELECT name AS usuario FROM processes WHERE name IN ('proceso', 'sqlite_x', usuario)",
    ],
)
def test_names_of_tables_behind_the_views_may_be_names_of_columns(
    sandbox: Sandbox, sql: str
) -> None:
    answer(sandbox, sql)


def test_attach_leaves_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    for sql in (f"ATTACH '{tmp_path}/x.db' AS x", f"VACUUM INTO '{tmp_path}/y.db'"):
        with pytest.raises(StatementRefusedError):
            answer(sandbox, sql)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT date('now')",
        "SELECT strftime('%s', 'NOW')",
        "SELECT strftime('%s')",
        "SELECT julianday()",
        "SELECT datetime('n' || 'ow')",
        "SELECT datetime(lower('NOW'))",
        "SELECT date(trim(' now '))",
        "SELECT date(replace('nXw', 'X', 'o'))",
        "SELECT datetime(x'6e6f77')",
        "SELECT date('2026-01-01', 'localtime')",
        "SELECT datetime('2026-01-01', 'utc')",
    ],
)
def test_now_is_no_time_however_it_is_written(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises(StatementBrokenError, match="ahora"):
        answer(sandbox, sql)


@pytest.mark.parametrize("sql", ENDLESS)
def test_statements_without_an_end_pass_a_limit(sandbox: Sandbox, sql: str) -> None:
    with pytest.raises(StatementLimitError):
        answer(sandbox, sql)
    assert answer(sandbox, "SELECT count(*) FROM processes") == [(300,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a' LIKE '" + "%a" * 200 + "'",
        "SELECT 'a' GLOB '" + "*a" * 200 + "'",
        "SELECT " + "(" * 2000 + "1" + ")" * 2000,
        "SELECT " + "1+" * 2000 + "1",
        " UNION ALL ".join(["SELECT 1"] * 100),
        "SELECT " + ", ".join("1" for _ in range(500)),
        "SELECT 1 IN (" + ", ".join("(SELECT 1)" for _ in range(20_000)) + ")",
        "SELECT '" + "x" * 200_000 + "'",
        "SELECT max(" + ", ".join("1" for _ in range(100)) + ")",
    ],
)
def test_statements_out_of_proportion_are_refused(sandbox: Sandbox, sql: str) -> None:
    errors = (StatementRefusedError, StatementBrokenError, StatementLimitError)
    with pytest.raises(errors):
        answer(sandbox, sql)


def test_a_statement_like_one_of_ours_is_not_taken_for_it(sandbox: Sandbox) -> None:
    ours = "DELETE FROM listas"
    with sandbox.trusted() as connection:
        connection.execute(ours)
    with pytest.raises(StatementRefusedError):
        answer(sandbox, ours)


def test_descriptions_tell_columns_and_reads(sandbox: Sandbox) -> None:
    found = sandbox.describe("SELECT p.name AS n, cmdline FROM processes AS p", {"ahora": None})
    assert found.columns == ("n", "cmdline")
    assert found.reads == {("processes", ""), ("processes", "name"), ("processes", "cmdline")}
    counted = sandbox.describe("SELECT count(*) FROM usuarios_vigentes", {"ahora": None})
    assert ("usuarios_vigentes", "") in counted.reads


def test_errors_of_our_functions_are_told(sandbox: Sandbox) -> None:
    with pytest.raises(StatementBrokenError, match="en_red"):
        answer(sandbox, "SELECT en_red('10.0.0.1', 'nowhere')")
