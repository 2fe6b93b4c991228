-- Every record gets a place in time, which neither a clock nor a late report can move. The rules are
-- in service/store/write/placement.py.
--
-- About 3 s for 100,000 reports.

ALTER TABLE report ADD COLUMN moved_by INTEGER NOT NULL DEFAULT 0;  -- microseconds; 0 takes no space
ALTER TABLE report ADD COLUMN placed_at INTEGER GENERATED ALWAYS AS (taken_at + moved_by) VIRTUAL;
ALTER TABLE report ADD COLUMN clock TEXT;  -- adelantado, atrasado or tardio; null if nothing was found
-- In minutes. local_offset: how far the server's local time looks ahead of UTC, where taken_at was
-- sent without zone. zone: the same, where the arrival before agrees.
ALTER TABLE report ADD COLUMN local_offset INTEGER;
ALTER TABLE report ADD COLUMN zone INTEGER;

UPDATE report SET moved_by = placed.at - taken_at
FROM (
  SELECT id, max(min(taken_at, received_at)) OVER (
    PARTITION BY server_id ORDER BY seq ROWS UNBOUNDED PRECEDING
  ) AS at
  FROM report
  WHERE seq > 0
) AS placed
WHERE placed.id = report.id AND placed.at <> report.taken_at;

-- Whether a time was sent with a zone was not kept: what may be local time is not called wrong.
UPDATE report SET clock = CASE
  WHEN seq < 0 THEN 'tardio'
  WHEN (taken_at - received_at + 300000000) / 900000000 BETWEEN 1 AND 56
    AND (taken_at - received_at + 300000000) % 900000000 <= 360000000 THEN NULL
  ELSE 'adelantado'
END
WHERE seq < 0 OR taken_at > received_at + 60000000;

DROP INDEX report_by_time;
-- With seq, a moment finds the number of its record without a look at the record.
CREATE INDEX report_by_place ON report (server_id, placed_at, seq) WHERE seq > 0;
CREATE INDEX late_report_by_time ON report (server_id, taken_at) WHERE seq < 0;
-- Finds a retry of a report whose place is not its time. The others are found by their place.
CREATE INDEX moved_report_by_time ON report (server_id, taken_at)
WHERE seq > 0 AND moved_by <> 0;

-- What is known of the arrivals of each server. This row is written with each of its reports, so
-- that none of the fleet's has to be.
ALTER TABLE server ADD COLUMN heard_at INTEGER;  -- when its last report in order arrived
ALTER TABLE server ADD COLUMN greatest_arrival_at INTEGER;  -- later only if our clock was set back
ALTER TABLE server ADD COLUMN usual_interval INTEGER;  -- between reports, the median of the last 5
ALTER TABLE server ADD COLUMN counted_hour INTEGER;  -- of its last arrival, in hours since 1970
ALTER TABLE server ADD COLUMN counted_reports INTEGER NOT NULL DEFAULT 0;  -- arrivals in that hour

UPDATE server SET heard_at = (
  SELECT received_at FROM report WHERE server_id = server.id ORDER BY seq DESC LIMIT 1
);

UPDATE server SET greatest_arrival_at = (
  SELECT max(received_at) FROM report WHERE report.server_id = server.id
);

-- No interval is longer than the server has been known.
UPDATE server SET usual_interval = min(
  median.length,
  max(
    0,
    heard_at - (
      SELECT received_at FROM report
      WHERE report.server_id = server.id AND report.seq > 0
      ORDER BY seq
      LIMIT 1
    )
  )
)
FROM (
  SELECT server_id, length, number, count(*) OVER (PARTITION BY server_id) AS numbers
  FROM (
    SELECT
      server_id, length, row_number() OVER (PARTITION BY server_id ORDER BY length) AS number
    FROM (
      SELECT
        server_id,
        placed_at - lead(placed_at) OVER latest AS length,
        row_number() OVER latest AS number
      FROM report
      WHERE seq > 0
      WINDOW latest AS (PARTITION BY server_id ORDER BY seq DESC)
    ) AS latest_interval
    WHERE number <= 5 AND length IS NOT NULL
  ) AS sorted_interval
) AS median
WHERE median.server_id = server.id AND median.number = median.numbers / 2 + 1;

-- How many reports of each server arrived in each hour; server has the last hour of each.
DROP TABLE arrival_hour;
CREATE TABLE arrival_hour (
  hour INTEGER NOT NULL,  -- hours since 1970, UTC
  server_id INTEGER NOT NULL REFERENCES server (id),
  reports INTEGER NOT NULL,
  PRIMARY KEY (hour, server_id)
) STRICT, WITHOUT ROWID;

INSERT INTO arrival_hour (hour, server_id, reports)
SELECT received_at / 3600000000, server_id, count(*) FROM report
GROUP BY received_at / 3600000000, server_id;

-- What runs now depends on which servers are heard now, so it is counted when it is asked for.
ALTER TABLE process_name DROP COLUMN running;
ALTER TABLE login_name DROP COLUMN running;

-- A late report counts for nothing: neither for the first sight of a name nor for the last.

CREATE TEMPORARY TABLE moved_server AS
SELECT DISTINCT server_id AS id FROM report WHERE seq < 0 OR moved_by <> 0;

DELETE FROM process_sighting WHERE server_id IN (SELECT id FROM moved_server);
INSERT INTO process_sighting (server_id, name_id, running, first_at, last_at)
SELECT
  s.server_id, n.id, count(*) - count(s.gone_seq), min(f.placed_at),
  max(coalesce(l.placed_at, f.placed_at))
FROM process_span AS s
JOIN program AS g ON g.id = s.program_id
JOIN process_name AS n ON n.name IS g.name AND n.username IS g.username
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
WHERE s.server_id IN (SELECT id FROM moved_server) AND s.first_seq > 0
GROUP BY s.server_id, n.id;

DELETE FROM login_sighting WHERE server_id IN (SELECT id FROM moved_server);
INSERT INTO login_sighting (server_id, name_id, running, first_at, last_at)
SELECT
  s.server_id, n.id, count(*) - count(s.gone_seq), min(f.placed_at),
  max(coalesce(l.placed_at, f.placed_at))
FROM login_span AS s
JOIN account AS a ON a.id = s.account_id
JOIN login_name AS n ON n.username IS a.username
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
WHERE s.server_id IN (SELECT id FROM moved_server) AND s.first_seq > 0
GROUP BY s.server_id, n.id;

DROP TABLE moved_server;

UPDATE process_name SET (server_id, first_seq) = (NULL, NULL) WHERE first_seq < 0;
UPDATE process_name SET (server_id, first_seq) = (found.server_id, found.first_seq)
FROM (
  SELECT q.name_id AS name_id, q.server_id AS server_id, u.first_seq AS first_seq, min(r.id)
  FROM process_name AS n
  JOIN process_sighting AS q ON q.name_id = n.id
  JOIN process_run AS u ON u.server_id = q.server_id AND u.name_id = q.name_id
  JOIN report AS r ON r.server_id = u.server_id AND r.seq = u.first_seq
  WHERE n.first_seq IS NULL
  GROUP BY q.name_id
) AS found
WHERE found.name_id = process_name.id;

UPDATE login_name SET (server_id, first_seq) = (NULL, NULL) WHERE first_seq < 0;
UPDATE login_name SET (server_id, first_seq) = (found.server_id, found.first_seq)
FROM (
  SELECT n.id AS name_id, s.server_id AS server_id, s.first_seq AS first_seq, min(r.id)
  FROM login_name AS n
  JOIN account AS a ON a.username IS n.username
  JOIN login_span AS s ON s.account_id = a.id AND s.first_seq > 0
  JOIN report AS r ON r.server_id = s.server_id AND r.seq = s.first_seq
  WHERE n.first_seq IS NULL
  GROUP BY n.id
) AS found
WHERE found.name_id = login_name.id;

DELETE FROM process_name WHERE first_seq IS NULL;  -- only late reports have them
DELETE FROM login_name WHERE first_seq IS NULL;

DROP VIEW servers;

CREATE VIEW servers AS
WITH server_life (server_id, since, until) AS NOT MATERIALIZED (
  -- From when to when each server is known to have been live.
  SELECT
    s.id,
    coalesce(
      (SELECT min(p.booted_at) FROM profile AS p WHERE p.server_id = s.id),
      (SELECT min(r.placed_at) FROM report AS r WHERE r.server_id = s.id AND r.seq > 0)
    ),
    (SELECT max(r.placed_at) FROM report AS r WHERE r.server_id = s.id AND r.seq > 0)
  FROM server AS s
)
SELECT
  r.id AS id_serv,
  p.ipaddress AS ipaddress,
  strftime('%Y-%m-%d %H:%M:%S', r.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', r.taken_at % 1000000) AS fecha_hora,
  p.arquitectura_proc AS arquitectura_proc,
  p.marca_proc AS marca_proc,
  p.nombre_so AS nombre_so,
  p.version_so AS version_so,
  coalesce(p.version_esquema, 1) AS version_esquema,
  CASE WHEN substr(s.identity, 1, 3) = 'id:' THEN substr(s.identity, 4) END AS id_maquina,
  p.nombre_host AS nombre_host,
  p.nucleo AS nucleo,
  p.version_agente AS version_agente,
  p.fuente_usuarios AS fuente_usuarios,
  r.discarded AS descartados,
  -- Two machines with this id were live at once: each was, from its start to its last report. Or
  -- there are as many as are told apart: service/store/identity.py.
  EXISTS (
    SELECT 1
    FROM server_life AS mine
    JOIN server_life AS other
      ON other.since <= mine.until AND mine.since <= other.until
    WHERE mine.server_id = s.id
      AND other.server_id IN (
        SELECT o.id FROM server AS o WHERE o.identity = s.identity AND o.id <> s.id
      )
  ) OR EXISTS (
    SELECT 1 FROM server AS o WHERE o.identity = s.identity AND o.sibling = 15
  ) AS id_clonado,
  strftime('%Y-%m-%d %H:%M:%S', r.received_at / 1000000, 'unixepoch')
    || printf('.%06d', r.received_at % 1000000) AS recibido,
  r.clock AS reloj,
  CASE WHEN r.zone < 0 THEN '-' WHEN r.zone > 0 THEN '+' END
    || printf('%02d:%02d', abs(r.zone) / 60, abs(r.zone) % 60) AS zona
FROM report AS r
JOIN profile AS p ON p.id = r.profile_id
JOIN server AS s ON s.id = r.server_id;

-- What these views say is as of the newest report of each server, however long ago it arrived.

DROP VIEW processes;

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
  g.username AS username,  -- osquery has it in a table of its own
  strftime('%Y-%m-%d %H:%M:%S', n.heard_at / 1000000, 'unixepoch')
    || printf('.%06d', n.heard_at % 1000000) AS recibido
FROM server AS n
CROSS JOIN process_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN program AS g ON g.id = s.program_id;

DROP VIEW logged_in_users;

CREATE VIEW logged_in_users AS
SELECT
  s.server_id AS server,
  'user' AS type,
  a.username AS user,
  a.terminal AS tty,
  a.origin AS host,
  s.since / 1000000 AS time,
  s.pid AS pid,
  strftime('%Y-%m-%d %H:%M:%S', n.heard_at / 1000000, 'unixepoch')
    || printf('.%06d', n.heard_at % 1000000) AS recibido
FROM server AS n
CROSS JOIN login_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN account AS a ON a.id = s.account_id;

DROP VIEW os_version;

CREATE VIEW os_version AS
SELECT
  s.id AS server,
  p.nombre_so AS name,
  p.version_so AS version,
  p.nucleo AS kernel_version,  -- osquery has it in kernel_info
  p.arquitectura_proc AS arch,
  strftime('%Y-%m-%d %H:%M:%S', s.heard_at / 1000000, 'unixepoch')
    || printf('.%06d', s.heard_at % 1000000) AS recibido
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN profile AS p ON p.id = r.profile_id;

DROP VIEW system_info;

CREATE VIEW system_info AS
SELECT
  s.id AS server,
  p.nombre_host AS hostname,
  CASE WHEN substr(s.identity, 1, 3) = 'id:' THEN substr(s.identity, 4) END AS uuid,
  p.arquitectura_proc AS cpu_type,
  p.marca_proc AS cpu_brand,
  p.nombre_host AS computer_name,
  p.nombre_host AS local_hostname,
  p.ipaddress AS address,  -- osquery has it in interface_addresses
  strftime('%Y-%m-%d %H:%M:%S', s.heard_at / 1000000, 'unixepoch')
    || printf('.%06d', s.heard_at % 1000000) AS recibido
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN profile AS p ON p.id = r.profile_id;

-- Which token a token was given for was kept before, in enrolled_by: revoking reaches what was derived.

-- SHA-256 of the Idempotency-Key of the enrolment; it tells the same machine that asks again.
ALTER TABLE token ADD COLUMN request_digest BLOB;

DROP INDEX token_by_server;
CREATE INDEX token_by_server ON token (server, created_at);
CREATE INDEX token_by_parent ON token (enrolled_by);

-- 0.1.0 renewed a token with an end, made at the command line, into tokens without one. The tokens
-- that it gave for an enrolment token keep their end: their machines report with them.
WITH RECURSIVE derived (id, ends) AS (
  SELECT child.id, parent.expires_at
  FROM token AS parent
  JOIN token AS child ON child.enrolled_by = parent.id
  WHERE parent.scope = 'ingest' AND parent.enrolled_by IS NULL AND parent.expires_at IS NOT NULL
  UNION ALL
  SELECT child.id, derived.ends
  FROM derived
  JOIN token AS child ON child.enrolled_by = derived.id
)
UPDATE token
SET expires_at = (SELECT ends FROM derived WHERE derived.id = token.id)
WHERE id IN (SELECT id FROM derived) AND expires_at IS NULL;

-- How far the files of the archive are known to be in this database, so that a start need not read
-- all of them again. A file that is not as this table describes it is read anew.
CREATE TABLE archive_file (
  name TEXT PRIMARY KEY,         -- 2026-11-23.jsonl, or 2026-11-23.jsonl.gz
  size INTEGER NOT NULL,         -- of the file when it was read; bytes
  modified_at INTEGER NOT NULL,  -- likewise; nanoseconds since 1970
  bytes INTEGER NOT NULL,        -- of its first lines, whose reports are all in the database
  crc INTEGER NOT NULL,          -- CRC-32 of these bytes; gzip ends with that of all its content
  tail_crc INTEGER NOT NULL,     -- CRC-32 of the last 4 KiB of these bytes
  report_id INTEGER NOT NULL     -- reports up to this one were compared with the lines
) STRICT, WITHOUT ROWID;

-- Records that were removed, and that an operator knows of. Numbers are never given twice.
CREATE TABLE number_gap (
  first_id INTEGER PRIMARY KEY,  -- both ends included
  last_id INTEGER NOT NULL,
  noted_at INTEGER NOT NULL      -- microseconds since 1970, UTC
) STRICT;
