-- What reports of version 2 say beyond those of version 1. All of it may be null: unknown, or said
-- by no report of version 1. The relations show it in columns behind those that they had.

ALTER TABLE report ADD COLUMN discarded INTEGER;  -- reports that the agent had to drop

ALTER TABLE profile ADD COLUMN version_esquema INTEGER;  -- null is 1
ALTER TABLE profile ADD COLUMN nombre_host TEXT;
ALTER TABLE profile ADD COLUMN nucleo TEXT;
ALTER TABLE profile ADD COLUMN version_agente TEXT;
ALTER TABLE profile ADD COLUMN fuente_usuarios TEXT;
ALTER TABLE profile ADD COLUMN booted_at INTEGER;  -- microseconds since 1970, UTC

-- started_at is part of what makes a process the same in the next report; ppid, executable and
-- command_line are those of its first sight.
ALTER TABLE process_span ADD COLUMN started_at INTEGER;  -- microseconds since 1970, UTC
ALTER TABLE process_span ADD COLUMN ppid INTEGER;
ALTER TABLE program ADD COLUMN executable TEXT;
ALTER TABLE program ADD COLUMN command_line TEXT;

ALTER TABLE login_span ADD COLUMN since INTEGER;  -- microseconds since 1970, UTC
ALTER TABLE account ADD COLUMN terminal TEXT;
ALTER TABLE account ADD COLUMN origin TEXT;

CREATE INDEX profile_by_server ON profile (server_id);

DROP VIEW servers;

CREATE VIEW servers AS
WITH server_life (server_id, since, until) AS NOT MATERIALIZED (
  -- From when to when each server is known to have been live.
  SELECT
    s.id,
    coalesce(
      (SELECT min(p.booted_at) FROM profile AS p WHERE p.server_id = s.id),
      (SELECT min(r.taken_at) FROM report AS r WHERE r.server_id = s.id)
    ),
    (SELECT max(r.taken_at) FROM report AS r WHERE r.server_id = s.id)
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
  -- Two machines with this id were live at once: each was, from its start to its last report.
  EXISTS (
    SELECT 1
    FROM server_life AS mine
    JOIN server_life AS other
      ON other.since <= mine.until AND mine.since <= other.until
    WHERE mine.server_id = s.id
      AND other.server_id IN (
        SELECT o.id FROM server AS o WHERE o.identity = s.identity AND o.id <> s.id
      )
  ) AS id_clonado
FROM report AS r
JOIN profile AS p ON p.id = r.profile_id
JOIN server AS s ON s.id = r.server_id;

DROP VIEW procesos;

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
  g.username AS username,
  s.ppid AS ppid,
  strftime('%Y-%m-%d %H:%M:%S', s.started_at / 1000000, 'unixepoch')
    || printf('.%06d', s.started_at % 1000000) AS inicio,
  g.executable AS ejecutable,
  g.command_line AS linea_comando
FROM report AS r
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN span_level AS l
CROSS JOIN process_span AS s
  ON s.server_id = r.server_id
  AND s.node = (r.seq & l.mask) | l.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN program AS g ON g.id = s.program_id;

DROP VIEW usuarios_activos;

CREATE VIEW usuarios_activos AS
SELECT
  r.id * 1048576 + s.slot AS id_usr,
  r.id AS id_serv,
  p.ipaddress AS ip_server,
  strftime('%Y-%m-%d %H:%M:%S', r.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', r.taken_at % 1000000) AS fecha_hora,
  s.pid AS pid,
  a.username AS username,
  a.terminal AS terminal,
  a.origin AS origen,
  strftime('%Y-%m-%d %H:%M:%S', s.since / 1000000, 'unixepoch')
    || printf('.%06d', s.since % 1000000) AS desde
FROM report AS r
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN span_level AS l
CROSS JOIN login_span AS s
  ON s.server_id = r.server_id
  AND s.node = (r.seq & l.mask) | l.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN account AS a ON a.id = s.account_id;
