"""Statements that no sandbox may run, and some that would never end.

Many are bypasses that Datasette, Fleet, osquery and others had to close: ATTACH and VACUUM INTO
(CVE-2020-26273), comments before another statement, PRAGMA as a table, fts3_tokenizer.
"""

from __future__ import annotations

REFUSED = [
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
    "SELECT covers_version('9.*', '9')",
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
]

_ENDLESS = "WITH RECURSIVE t(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM t)"
_CROSSED = "processes a, processes b, processes c, processes d"
_GROWING = "name"
for _ in range(5):
    _GROWING = f"replace({_GROWING}, 'e', '{'e' * 20}')"


ENDLESS = [
    f"SELECT count(*) FROM {_CROSSED} WHERE a.pid + d.pid < 0",
    f"{_ENDLESS} SELECT max(a) FROM t",
    f"{_ENDLESS} SELECT a FROM t",
    f"SELECT a.name FROM {_CROSSED}",
    f"SELECT group_concat(a.name || b.name || c.name) FROM {_CROSSED}",
    f"SELECT count(*) OVER (ORDER BY a.name || b.name || c.pid) FROM {_CROSSED}",
    f"SELECT {_GROWING} FROM processes",
]
