-- What the questions about the whole fleet need, so that none of them reads its history. All of it
-- follows from reports and spans; service/store/names.py and reports.py keep it so.

-- Names of processes and who runs them. A program is more than that: a name has a row of program
-- for each executable and each command line, and of those there is no end.
CREATE TABLE process_name (
  id INTEGER PRIMARY KEY,
  name TEXT,
  username TEXT,
  running INTEGER NOT NULL DEFAULT 0,  -- over the whole fleet
  server_id INTEGER,  -- where the first report with it that arrived is of
  first_seq INTEGER   -- and its number there
) STRICT;

CREATE INDEX process_name_by_name ON process_name (name, username);
CREATE INDEX program_by_name ON program (name);

-- Likewise: an account is a username with a terminal and an origin.
CREATE TABLE login_name (
  id INTEGER PRIMARY KEY,
  username TEXT,
  running INTEGER NOT NULL DEFAULT 0,
  server_id INTEGER,
  first_seq INTEGER
) STRICT;

CREATE INDEX login_name_by_username ON login_name (username);
CREATE INDEX account_by_username ON account (username);

-- Which names each server ever showed: how many run, as of the server's newest report; when the
-- first and the last report with it were taken. last_at lags behind while any runs.
CREATE TABLE process_sighting (
  server_id INTEGER NOT NULL REFERENCES server (id),
  name_id INTEGER NOT NULL REFERENCES process_name (id),
  running INTEGER NOT NULL,
  first_at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  last_at INTEGER NOT NULL,   -- likewise
  PRIMARY KEY (server_id, name_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX process_sighting_by_name ON process_sighting (name_id);

CREATE TABLE login_sighting (
  server_id INTEGER NOT NULL REFERENCES server (id),
  name_id INTEGER NOT NULL REFERENCES login_name (id),
  running INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (server_id, name_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_sighting_by_name ON login_sighting (name_id);

-- From which report up to, not including, which one a server showed a name without a break. Late
-- reports are no part of it.
CREATE TABLE process_run (
  server_id INTEGER NOT NULL REFERENCES server (id),
  name_id INTEGER NOT NULL REFERENCES process_name (id),
  first_seq INTEGER NOT NULL,
  gone_seq INTEGER,
  PRIMARY KEY (server_id, name_id, first_seq)
) STRICT, WITHOUT ROWID;

-- The reports with which a server became something else, and its first one, in order of arrival.
CREATE TABLE profile_change (
  report_id INTEGER PRIMARY KEY REFERENCES report (id),
  server_id INTEGER NOT NULL REFERENCES server (id),
  seq INTEGER NOT NULL,
  profile_id INTEGER NOT NULL REFERENCES profile (id),
  former_id INTEGER REFERENCES profile (id)  -- null for the first report
) STRICT;

CREATE INDEX profile_change_by_server ON profile_change (server_id, seq);

-- How many reports arrived in each hour.
CREATE TABLE arrival_hour (
  hour INTEGER PRIMARY KEY,  -- hours since 1970, UTC
  reports INTEGER NOT NULL
) STRICT;

-- What the reports that are there already say.

INSERT INTO process_name (name, username) SELECT DISTINCT name, username FROM program;
INSERT INTO login_name (username) SELECT DISTINCT username FROM account;

CREATE TEMPORARY TABLE name_of_program AS
SELECT g.id AS program_id, n.id AS name_id
FROM program AS g
JOIN process_name AS n ON n.name IS g.name AND n.username IS g.username;
CREATE INDEX temp.name_of_program_by_program ON name_of_program (program_id, name_id);

CREATE TEMPORARY TABLE name_of_account AS
SELECT a.id AS account_id, n.id AS name_id
FROM account AS a
JOIN login_name AS n ON n.username IS a.username;
CREATE INDEX temp.name_of_account_by_account ON name_of_account (account_id, name_id);

INSERT INTO process_sighting (server_id, name_id, running, first_at, last_at)
SELECT
  s.server_id, n.name_id, count(*) - count(s.gone_seq), min(f.taken_at),
  max(coalesce(l.taken_at, f.taken_at))
FROM process_span AS s
JOIN name_of_program AS n ON n.program_id = s.program_id
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
GROUP BY s.server_id, n.name_id;

INSERT INTO login_sighting (server_id, name_id, running, first_at, last_at)
SELECT
  s.server_id, n.name_id, count(*) - count(s.gone_seq), min(f.taken_at),
  max(coalesce(l.taken_at, f.taken_at))
FROM login_span AS s
JOIN name_of_account AS n ON n.account_id = s.account_id
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
GROUP BY s.server_id, n.name_id;

UPDATE process_name SET running = (
  SELECT sum(q.running) FROM process_sighting AS q WHERE q.name_id = process_name.id
);

UPDATE login_name SET running = (
  SELECT sum(q.running) FROM login_sighting AS q WHERE q.name_id = login_name.id
);

-- Beside min(), SQLite takes the other columns from the row that has the minimum.
UPDATE process_name SET (server_id, first_seq) = (found.server_id, found.first_seq)
FROM (
  SELECT n.name_id AS name_id, s.server_id AS server_id, s.first_seq AS first_seq, min(r.id)
  FROM process_span AS s
  JOIN name_of_program AS n ON n.program_id = s.program_id
  JOIN report AS r ON r.server_id = s.server_id AND r.seq = s.first_seq
  GROUP BY n.name_id
) AS found
WHERE found.name_id = process_name.id;

UPDATE login_name SET (server_id, first_seq) = (found.server_id, found.first_seq)
FROM (
  SELECT n.name_id AS name_id, s.server_id AS server_id, s.first_seq AS first_seq, min(r.id)
  FROM login_span AS s
  JOIN name_of_account AS n ON n.account_id = s.account_id
  JOIN report AS r ON r.server_id = s.server_id AND r.seq = s.first_seq
  GROUP BY n.name_id
) AS found
WHERE found.name_id = login_name.id;

-- A run begins with a span that starts after all earlier ones of its name are gone.
INSERT INTO process_run (server_id, name_id, first_seq, gone_seq)
WITH span (server_id, name_id, first_seq, gone_seq) AS (
  SELECT s.server_id, n.name_id, s.first_seq, coalesce(s.gone_seq, 9223372036854775807)
  FROM process_span AS s
  JOIN name_of_program AS n ON n.program_id = s.program_id
  WHERE s.first_seq > 0
), placed (server_id, name_id, first_seq, gone_seq, begins) AS (
  SELECT
    server_id, name_id, first_seq, gone_seq,
    first_seq > coalesce(max(gone_seq) OVER earlier, 0)
  FROM span
  WINDOW earlier AS (
    PARTITION BY server_id, name_id ORDER BY first_seq, gone_seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
), numbered (server_id, name_id, first_seq, gone_seq, run) AS (
  SELECT server_id, name_id, first_seq, gone_seq, sum(begins) OVER (
    PARTITION BY server_id, name_id ORDER BY first_seq, gone_seq ROWS UNBOUNDED PRECEDING
  )
  FROM placed
)
SELECT server_id, name_id, min(first_seq), nullif(max(gone_seq), 9223372036854775807)
FROM numbered
GROUP BY server_id, name_id, run;

DROP TABLE name_of_program;
DROP TABLE name_of_account;

INSERT INTO profile_change (report_id, server_id, seq, profile_id, former_id)
SELECT r.id, r.server_id, r.seq, r.profile_id, b.profile_id
FROM report AS r
LEFT JOIN report AS b ON b.server_id = r.server_id AND b.seq = r.seq - 1
WHERE r.seq > 0 AND (b.profile_id IS NULL OR b.profile_id <> r.profile_id);

INSERT INTO arrival_hour (hour, reports)
SELECT received_at / 3600000000, count(*) FROM report GROUP BY received_at / 3600000000;

-- osquery's words for what is now, as of each server's newest report: its tables and its columns,
-- with the server before them. A column that is always null is one that reports do not tell.

CREATE VIEW processes AS
SELECT
  s.server_id AS server,
  s.pid AS pid,
  g.name AS name,
  g.executable AS path,
  g.command_line AS cmdline,
  NULL AS cwd,
  NULL AS root,
  s.started_at / 1000000 AS start_time,
  s.ppid AS parent,
  g.username AS username  -- osquery has it in a table of its own
FROM server AS n
CROSS JOIN process_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN program AS g ON g.id = s.program_id;

CREATE VIEW logged_in_users AS
SELECT
  s.server_id AS server,
  'user' AS type,
  a.username AS user,
  a.terminal AS tty,
  a.origin AS host,
  s.since / 1000000 AS time,
  s.pid AS pid
FROM server AS n
CROSS JOIN login_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN account AS a ON a.id = s.account_id;

CREATE VIEW os_version AS
SELECT
  s.id AS server,
  p.nombre_so AS name,
  p.version_so AS version,
  p.nucleo AS kernel_version,  -- osquery has it in kernel_info
  p.arquitectura_proc AS arch
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN profile AS p ON p.id = r.profile_id;

CREATE VIEW system_info AS
SELECT
  s.id AS server,
  p.nombre_host AS hostname,
  CASE WHEN substr(s.identity, 1, 3) = 'id:' THEN substr(s.identity, 4) END AS uuid,
  p.arquitectura_proc AS cpu_type,
  p.marca_proc AS cpu_brand,
  p.nombre_host AS computer_name,
  p.nombre_host AS local_hostname,
  p.ipaddress AS address  -- osquery has it in interface_addresses
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN profile AS p ON p.id = r.profile_id;
