"""Statements of others read the relations that they may, and can do nothing else.

Many cases are bypasses that Datasette, Fleet, osquery and others had to close: ATTACH and VACUUM
INTO (CVE-2020-26273), comments before another statement, PRAGMA as a table, fts3_tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import StatementBrokenError, StatementLimitError, StatementRefusedError
from service.policies.guard.functions import FUNCTIONS, time_text
from service.policies.rules.places import RELATIONS_SCRIPT, TABLES_SCRIPT
from service.policies.rules.relations import ALLOWED
from service.policies.rules.unseen_reads import refusal
from service.store.engines.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    script = TABLES_SCRIPT.read_text() + RELATIONS_SCRIPT.read_text()
    made = Sandbox(script, ALLOWED, {**FUNCTIONS, "time_text": (1, time_text)}, refusal)
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
    _, rows = sandbox.run(sql, {"ahora": "2026-01-15 12:00:00"}, seconds=seconds, max_rows=1000)
    return list(rows)


def test_statements_read_relations_with_the_listed_functions(sandbox: Sandbox) -> None:
    assert answer(sandbox, "SELECT count(*), min(pid), max(inicio) FROM procesos_vigentes") == [
        (300, 100, "1970-01-01 00:00:00.000000")
    ]
    assert answer(sandbox, "SELECT date('2026-01-31', '+1 day'), strftime('%H', :ahora)") == [
        ("2026-02-01", "12")
    ]
    sql = "WITH one AS MATERIALIZED (SELECT pid FROM processes) SELECT count(*) FROM one"
    assert answer(sandbox, sql) == [(300,)]


@pytest.mark.parametrize(
    "sql",
    [
        # other files
        "ATTACH 'file:/tmp/x.db?mode=rwc' AS x",
        "/* nothing */ ATTACH '/tmp/x.db' AS x",
        "attach database ':memory:' as x",
        "DETACH temp",
        "VACUUM INTO '/tmp/x.db'",
        "VACUUM",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('/tmp/x', 'x')",
        "SELECT edit('x')",
        # the connection
        "PRAGMA query_only = 0",
        "PRAGMA case_sensitive_like = true",
        "PRAGMA hard_heap_limit = 0",
        "SELECT * FROM pragma_table_info('proceso')",
        "SELECT count(*) FROM pragma_function_list",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM sqlite_stmt",
        "SELECT * FROM dbstat",
        "SELECT fts3_tokenizer('simple')",
        "SELECT fts3_tokenizer('x', x'4141414141414141')",
        "SELECT sqlite_version()",
        "SELECT sqlite_compileoption_get(1)",
        "SELECT sqlite_log(1, 'x')",
        "SELECT total_changes(), changes(), last_insert_rowid()",
        # the schema
        "SELECT * FROM sqlite_master",
        "SELECT sql FROM sqlite_schema",
        "SELECT name FROM sqlite_temp_master",
        "SELECT count(*) FROM sqlite_master",
        "SELECT 1 FROM processes WHERE EXISTS (SELECT 1 FROM sqlite_master)",
        "WITH a AS (SELECT * FROM sqlite_master) SELECT * FROM a",
        "SELECT count(*) FROM main.sqlite_master AS processes",
        # writing
        "INSERT INTO proceso (id, servidor, pid) VALUES (1, 1, 1)",
        "UPDATE proceso SET name = 'x'",
        "DELETE FROM proceso",
        "WITH a AS (SELECT 1) DELETE FROM proceso",
        "REPLACE INTO listas VALUES ('a', 'b')",
        "DELETE FROM proceso WHERE 0 RETURNING id",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x AS SELECT * FROM processes",
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE VIRTUAL TABLE x USING fts5 (a)",
        "CREATE TEMP TRIGGER x AFTER INSERT ON proceso BEGIN SELECT 1; END",
        "CREATE INDEX x ON proceso (name)",
        "ALTER TABLE proceso RENAME TO x",
        "DROP TABLE proceso",
        "DROP VIEW processes",
        "ANALYZE",
        "REINDEX",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        # tables and columns behind the views
        "SELECT name FROM proceso",
        "SELECT * FROM fila_de_proceso",
        "SELECT desde FROM elegido",
        "SELECT rowid FROM servers_vigentes",
        "SELECT time_text(1)",
        "SELECT count(*) FROM proceso",
        "SELECT count(*) FROM taken.proceso",
        "SELECT name FROM taken.proceso",
        # what SQLite asks no authorizer about
        "SELECT cmdline FROM (SELECT 1 AS cmdline) FULL JOIN processes USING (cmdline)",
        "SELECT name FROM (SELECT 'x' AS name) FULL JOIN proceso USING (name)",
        "SELECT name FROM (SELECT 'x' AS name) NATURAL FULL JOIN proceso",
        "SELECT name FROM (SELECT 'x' AS name) FULL /**/ JOIN sqlite_schema uSiNg(name)",
        "SELECT a.name FROM processes AS a NATURAL JOIN procesos_vigentes",
        "SELECT count(*) FROM processes, proceso",
        "SELECT count(*) FROM processes AS a, [proceso] AS b",
        "SELECT count(*) FROM processes JOIN 'proceso' ON 1",
        "SELECT count(*) FROM processes LEFT JOIN (proceso AS a JOIN processes AS b ON 1) ON 1",
        "SELECT count(*) FROM processes JOIN processes AS b ON b.pid IN (1, 2), main.proceso",
        "SELECT count(*) FROM processes WHERE EXISTS (SELECT 1 FROM (processes), `proceso`)",
        # functions behind the name of a view
        "WITH processes AS (SELECT random() AS name) SELECT name FROM processes",
        "WITH proceso AS (SELECT printf('%d', 1) AS name) SELECT name FROM proceso",
        "WITH usuario AS (SELECT load_extension('/tmp/x.so')) SELECT * FROM usuario",
        # clocks and chance
        "SELECT CURRENT_TIMESTAMP",
        "SELECT current_date",
        "SELECT CURRENT_TIME",
        "SELECT random()",
        "SELECT randomblob(8)",
        # without a bound of their own
        "SELECT printf('%.*c', 1e9, 'x')",
        "SELECT format('%1000000000d', 1)",
        "SELECT zeroblob(1000000000)",
        "SELECT hex(zeroblob(1000000))",
        "SELECT * FROM json_each('[1]')",
        "SELECT json_group_array(name) FROM processes",
        # two statements
        "SELECT 1; SELECT 2",
        "SELECT 1; ATTACH ':memory:' AS x",
        "-- a comment\nSELECT 1; DELETE FROM proceso",
        "SELECT ?1",
        "SELECT :nobody",
    ],
)
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


ENDLESS = "WITH RECURSIVE t(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM t)"
CROSSED = "processes a, processes b, processes c, processes d"
GROWING = "name"
for _ in range(5):
    GROWING = f"replace({GROWING}, 'e', '{'e' * 20}')"


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT count(*) FROM {CROSSED} WHERE a.pid + d.pid < 0",
        f"{ENDLESS} SELECT max(a) FROM t",
        f"{ENDLESS} SELECT a FROM t",
        f"SELECT a.name FROM {CROSSED}",
        f"SELECT group_concat(a.name || b.name || c.name) FROM {CROSSED}",
        f"SELECT count(*) OVER (ORDER BY a.name || b.name || c.pid) FROM {CROSSED}",
        f"SELECT {GROWING} FROM processes",
    ],
)
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
