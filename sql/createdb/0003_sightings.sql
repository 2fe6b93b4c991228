-- What the questions about the whole fleet need, so that none of them reads its history. All of it
-- follows from the reports and spans, and triggers keep it so, whoever writes those.

-- Which program each server ever showed: how many of it run, as of the server's newest report; when
-- the first and the last report with it were taken. last_at lags behind while any runs.
CREATE TABLE process_sighting (
  server_id INTEGER NOT NULL REFERENCES server (id),
  program_id INTEGER NOT NULL REFERENCES program (id),
  running INTEGER NOT NULL,
  first_at INTEGER NOT NULL,  -- microseconds since 1970, UTC
  last_at INTEGER NOT NULL,   -- likewise
  PRIMARY KEY (server_id, program_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX process_sighting_by_program ON process_sighting (program_id);

CREATE TABLE login_sighting (
  server_id INTEGER NOT NULL REFERENCES server (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  running INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (server_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX login_sighting_by_account ON login_sighting (account_id);

-- How many of each program run over the whole fleet, and which report was the first to arrive with it.
CREATE TABLE program_activity (
  program_id INTEGER PRIMARY KEY REFERENCES program (id),
  running INTEGER NOT NULL,
  server_id INTEGER NOT NULL,
  first_seq INTEGER NOT NULL
) STRICT;

CREATE TABLE account_activity (
  account_id INTEGER PRIMARY KEY REFERENCES account (id),
  running INTEGER NOT NULL,
  server_id INTEGER NOT NULL,
  first_seq INTEGER NOT NULL
) STRICT;

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

CREATE INDEX program_by_name ON program (name);
CREATE INDEX account_by_username ON account (username);

-- What the reports that are there already say.

INSERT INTO process_sighting (server_id, program_id, running, first_at, last_at)
SELECT
  s.server_id, s.program_id, count(*) - count(s.gone_seq), min(f.taken_at),
  max(coalesce(l.taken_at, f.taken_at))
FROM process_span AS s
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
GROUP BY s.server_id, s.program_id;

INSERT INTO login_sighting (server_id, account_id, running, first_at, last_at)
SELECT
  s.server_id, s.account_id, count(*) - count(s.gone_seq), min(f.taken_at),
  max(coalesce(l.taken_at, f.taken_at))
FROM login_span AS s
JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
LEFT JOIN report AS l ON l.server_id = s.server_id AND l.seq = s.gone_seq - 1
GROUP BY s.server_id, s.account_id;

-- Beside min(), SQLite takes the other columns from the row that has the minimum.
INSERT INTO program_activity (program_id, running, server_id, first_seq)
SELECT program_id, running, server_id, first_seq FROM (
  SELECT
    s.program_id AS program_id, count(*) - count(s.gone_seq) AS running,
    s.server_id AS server_id, s.first_seq AS first_seq, min(r.id)
  FROM process_span AS s
  JOIN report AS r ON r.server_id = s.server_id AND r.seq = s.first_seq
  GROUP BY s.program_id
);

INSERT INTO account_activity (account_id, running, server_id, first_seq)
SELECT account_id, running, server_id, first_seq FROM (
  SELECT
    s.account_id AS account_id, count(*) - count(s.gone_seq) AS running,
    s.server_id AS server_id, s.first_seq AS first_seq, min(r.id)
  FROM login_span AS s
  JOIN report AS r ON r.server_id = s.server_id AND r.seq = s.first_seq
  GROUP BY s.account_id
);

INSERT INTO profile_change (report_id, server_id, seq, profile_id, former_id)
SELECT r.id, r.server_id, r.seq, r.profile_id, b.profile_id
FROM report AS r
LEFT JOIN report AS b ON b.server_id = r.server_id AND b.seq = r.seq - 1
WHERE r.seq > 0 AND (b.profile_id IS NULL OR b.profile_id <> r.profile_id);

INSERT INTO arrival_hour (hour, reports)
SELECT received_at / 3600000000, count(*) FROM report GROUP BY received_at / 3600000000;

-- And from now on.

CREATE TRIGGER report_arrives AFTER INSERT ON report BEGIN
  INSERT INTO arrival_hour (hour, reports) VALUES (NEW.received_at / 3600000000, 1)
  ON CONFLICT (hour) DO UPDATE SET reports = reports + 1;

  INSERT INTO profile_change (report_id, server_id, seq, profile_id, former_id)
  SELECT NEW.id, NEW.server_id, NEW.seq, NEW.profile_id, former.profile_id
  FROM (
    SELECT (
      SELECT b.profile_id FROM report AS b
      WHERE b.server_id = NEW.server_id AND b.seq = NEW.seq - 1
    ) AS profile_id
  ) AS former
  WHERE NEW.seq > 0 AND (former.profile_id IS NULL OR former.profile_id <> NEW.profile_id);
END;

CREATE TRIGGER process_appears AFTER INSERT ON process_span BEGIN
  INSERT INTO process_sighting (server_id, program_id, running, first_at, last_at)
  SELECT NEW.server_id, NEW.program_id, NEW.gone_seq IS NULL, r.taken_at, r.taken_at
  FROM report AS r
  WHERE r.server_id = NEW.server_id AND r.seq = NEW.first_seq
  ON CONFLICT (server_id, program_id) DO UPDATE SET
    running = running + excluded.running,
    first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at);

  INSERT INTO program_activity (program_id, running, server_id, first_seq)
  VALUES (NEW.program_id, NEW.gone_seq IS NULL, NEW.server_id, NEW.first_seq)
  ON CONFLICT (program_id) DO UPDATE SET running = running + excluded.running;
END;

CREATE TRIGGER process_goes AFTER UPDATE OF gone_seq ON process_span BEGIN
  UPDATE process_sighting SET
    running = running - 1,
    last_at = max(last_at, (
      SELECT r.taken_at FROM report AS r
      WHERE r.server_id = NEW.server_id AND r.seq = NEW.gone_seq - 1
    ))
  WHERE server_id = NEW.server_id AND program_id = NEW.program_id;

  UPDATE program_activity SET running = running - 1 WHERE program_id = NEW.program_id;
END;

CREATE TRIGGER login_appears AFTER INSERT ON login_span BEGIN
  INSERT INTO login_sighting (server_id, account_id, running, first_at, last_at)
  SELECT NEW.server_id, NEW.account_id, NEW.gone_seq IS NULL, r.taken_at, r.taken_at
  FROM report AS r
  WHERE r.server_id = NEW.server_id AND r.seq = NEW.first_seq
  ON CONFLICT (server_id, account_id) DO UPDATE SET
    running = running + excluded.running,
    first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at);

  INSERT INTO account_activity (account_id, running, server_id, first_seq)
  VALUES (NEW.account_id, NEW.gone_seq IS NULL, NEW.server_id, NEW.first_seq)
  ON CONFLICT (account_id) DO UPDATE SET running = running + excluded.running;
END;

CREATE TRIGGER login_goes AFTER UPDATE OF gone_seq ON login_span BEGIN
  UPDATE login_sighting SET
    running = running - 1,
    last_at = max(last_at, (
      SELECT r.taken_at FROM report AS r
      WHERE r.server_id = NEW.server_id AND r.seq = NEW.gone_seq - 1
    ))
  WHERE server_id = NEW.server_id AND account_id = NEW.account_id;

  UPDATE account_activity SET running = running - 1 WHERE account_id = NEW.account_id;
END;

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
