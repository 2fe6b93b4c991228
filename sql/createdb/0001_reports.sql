-- The history of every server as spans, and the three relations that users query.
--
-- A report is one row. A process or a login is a span: the reports of its server from first_seq
-- up to, not including, gone_seq (null while it still runs). Reports of one server are numbered
-- 1, 2, 3 ... in the order of their times; a late report (older than what its server already
-- has) takes -1, -2, -3 ... and keeps its rows to itself, as spans of one report.
--
-- Which spans hold report q? Those of an interval tree that is laid into the numbers themselves
-- (Kriegel, Poetke, Seidl: "Managing Intervals Efficiently in Object-Relational Databases",
-- VLDB 2000). A closed span stands at its node: of the numbers that it covers, the one with the
-- most trailing zero bits; a running span stands at node 0. So all spans that hold q stand at
-- one of 33 nodes, (q & mask) | bit for each row of span_level, whatever the length of the history.

CREATE TABLE server (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  identity TEXT NOT NULL,  -- service/store/identity.py decides on it
  sibling INTEGER NOT NULL DEFAULT 0,  -- tells apart servers that claim to be the same
  UNIQUE (identity, sibling)
) STRICT;

-- Dictionaries: what many rows share, each kept once. The digest is of all its columns, and tells
-- whether it is there already; columns may be null, and more may come.

-- What a report says of its server, beside what runs there.
CREATE TABLE profile (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  server_id INTEGER NOT NULL REFERENCES server (id),
  ipaddress TEXT NOT NULL,
  arquitectura_proc TEXT NOT NULL,
  marca_proc TEXT NOT NULL,
  nombre_so TEXT NOT NULL,
  version_so TEXT NOT NULL
) STRICT;

CREATE TABLE program (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  name TEXT,     -- null where the system denied it
  username TEXT  -- likewise
) STRICT;

CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  username TEXT
) STRICT;

CREATE TABLE report (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: an auditor may have written it down
  server_id INTEGER NOT NULL REFERENCES server (id),
  seq INTEGER NOT NULL,
  taken_at INTEGER NOT NULL,     -- microseconds since 1970, UTC
  received_at INTEGER NOT NULL,  -- likewise
  profile_id INTEGER NOT NULL REFERENCES profile (id),
  digest BLOB NOT NULL,          -- of the document as it was sent; it tells a retry
  UNIQUE (server_id, seq)
) STRICT;

CREATE INDEX report_by_time ON report (server_id, taken_at);

-- slot tells apart the spans that run at the same time: it is free again when its span ends.
CREATE TABLE process_span (
  server_id INTEGER NOT NULL REFERENCES server (id),
  node INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  gone_seq INTEGER,
  pid INTEGER NOT NULL,
  program_id INTEGER NOT NULL REFERENCES program (id),
  PRIMARY KEY (server_id, node, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE login_span (
  server_id INTEGER NOT NULL REFERENCES server (id),
  node INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  gone_seq INTEGER,
  pid INTEGER,
  account_id INTEGER NOT NULL REFERENCES account (id),
  PRIMARY KEY (server_id, node, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE span_level (
  mask INTEGER NOT NULL,
  bit INTEGER NOT NULL
) STRICT;

INSERT INTO span_level (mask, bit) VALUES (0, 0);  -- the running spans

WITH RECURSIVE level (bit) AS (
  VALUES (1)
  UNION ALL
  SELECT bit * 2 FROM level WHERE bit < 2147483648  -- 2^32 reports a server
)
INSERT INTO span_level (mask, bit) SELECT -2 * bit, bit FROM level;

CREATE VIEW servers AS
SELECT
  r.id AS id_serv,
  p.ipaddress AS ipaddress,
  strftime('%Y-%m-%d %H:%M:%S', r.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', r.taken_at % 1000000) AS fecha_hora,
  p.arquitectura_proc AS arquitectura_proc,
  p.marca_proc AS marca_proc,
  p.nombre_so AS nombre_so,
  p.version_so AS version_so
FROM report AS r
JOIN profile AS p ON p.id = r.profile_id;

-- CROSS JOIN keeps SQLite to the written order: a report, its 33 nodes, their spans.
CREATE VIEW procesos AS
SELECT
  r.id * 1048576 + s.slot AS id_proc,  -- a report lists fewer than 2^20 processes
  r.id AS id_serv,
  p.ipaddress AS ip_server,
  strftime('%Y-%m-%d %H:%M:%S', r.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', r.taken_at % 1000000) AS fecha_hora,
  s.pid AS pid,
  g.name AS name,
  g.username AS username
FROM report AS r
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN span_level AS l
CROSS JOIN process_span AS s
  ON s.server_id = r.server_id
  AND s.node = (r.seq & l.mask) | l.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN program AS g ON g.id = s.program_id;

CREATE VIEW usuarios_activos AS
SELECT
  r.id * 1048576 + s.slot AS id_usr,
  r.id AS id_serv,
  p.ipaddress AS ip_server,
  strftime('%Y-%m-%d %H:%M:%S', r.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', r.taken_at % 1000000) AS fecha_hora,
  s.pid AS pid,
  a.username AS username
FROM report AS r
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN span_level AS l
CROSS JOIN login_span AS s
  ON s.server_id = r.server_id
  AND s.node = (r.seq & l.mask) | l.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN account AS a ON a.id = s.account_id;
