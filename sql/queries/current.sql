-- name: current_server
-- Report :seq of a server for the guard, the newest if null; microseconds where a time is no text.
SELECT
  newest.seq AS newest_seq, report.seq, report.placed_at,
  report.server_id AS servidor,
  shown.id_serv, shown.ipaddress, shown.fecha_hora, shown.arquitectura_proc, shown.marca_proc,
  shown.nombre_so, shown.version_so, shown.version_esquema, shown.id_maquina, shown.nombre_host,
  shown.nucleo, shown.version_agente, shown.fuente_usuarios, shown.descartados,
  -- include: id_clonado_then
  AS id_clonado,
  shown.recibido, shown.reloj, shown.zona,
  profile.booted_at AS arranque,
  min(first_report.placed_at, report.placed_at) AS visto_desde
FROM report
JOIN servers AS shown ON shown.id_serv = report.id
JOIN server AS owner ON owner.id = report.server_id
JOIN profile ON profile.id = report.profile_id
JOIN report AS first_report
  ON first_report.server_id = report.server_id
  AND first_report.seq = (
    SELECT min(seq) FROM report AS ordered WHERE ordered.server_id = :server_id AND ordered.seq > 0
  )
JOIN report AS newest
  ON newest.server_id = report.server_id
  AND newest.seq = (
    SELECT max(seq) FROM report AS ordered WHERE ordered.server_id = :server_id
  )
WHERE report.server_id = :server_id AND report.seq = coalesce(:seq, newest.seq);

-- fragment: id_clonado_then
-- The column id_clonado of servers, as it was known when report arrived: what came later, a clone
-- too, changes no verdict of it.
CASE WHEN (SELECT count(*) FROM server AS same WHERE same.identity = owner.identity) = 1 THEN 0
ELSE EXISTS (
  WITH known (server_id, seq, since, until) AS (
    SELECT
      sibling.id, latest.seq,
      coalesce(
        (
          SELECT min(earlier.booted_at) FROM profile AS earlier
          WHERE earlier.server_id = sibling.id AND earlier.id <= latest.profile_id
        ),
        (
          SELECT earliest.placed_at FROM report AS earliest
          WHERE earliest.server_id = sibling.id AND earliest.seq > 0
          ORDER BY earliest.seq
          LIMIT 1
        )
      ),
      latest.placed_at
    FROM server AS sibling
    JOIN report AS latest
      ON latest.server_id = sibling.id
      AND latest.seq = (
        SELECT before.seq FROM report AS before
        WHERE before.server_id = sibling.id AND before.seq > 0 AND before.id <= report.id
        ORDER BY before.seq DESC
        LIMIT 1
      )
    WHERE sibling.identity = owner.identity
  )
  SELECT 1
  FROM known AS mine
  JOIN known AS other
    ON other.server_id <> mine.server_id
    AND other.since <= mine.until
    AND mine.since <= other.until
  WHERE mine.server_id = owner.id
  UNION ALL
  SELECT 1 WHERE (SELECT count(*) FROM known) = 16  -- as many as are told apart
) END

-- name: current_processes
-- The newest report's processes for the guard. :with_first_sight: 1 if a rule asks when a name came.
SELECT
  -- include: copied_process
FROM process_span AS span
JOIN program ON program.id = span.program_id
WHERE span.server_id = :server_id AND span.node = 0;

-- name: processes_of_report
-- What report :seq of a server lists, for the guard; as current_processes. sql/README.md has nodes.
SELECT
  -- include: copied_process
FROM span_level
CROSS JOIN process_span AS span
  ON span.server_id = :server_id
  AND span.node = (:seq & span_level.mask) | span_level.bit
  AND span.first_seq <= :seq
  AND (span.gone_seq > :seq OR span.gone_seq IS NULL)
CROSS JOIN program ON program.id = span.program_id;

-- fragment: copied_process
-- The columns of the guard's table. A name was not seen later than the report that lists it.
span.server_id * 1048576 + span.slot AS row_id, span.server_id AS servidor, span.pid, span.ppid,
program.name, program.username, span.started_at AS inicio, program.executable AS ejecutable,
program.command_line AS linea_comando,
CASE WHEN :with_first_sight = 1 THEN min(:placed_at, coalesce((
  SELECT sighting.first_at
  FROM process_name AS known
  JOIN process_sighting AS sighting
    ON sighting.server_id = span.server_id AND sighting.name_id = known.id
  WHERE known.name IS program.name AND known.username IS program.username
), :placed_at)) END AS visto_desde

-- name: current_logins
-- Who is logged in by the newest report, for the guard. :with_first_sight as in current_processes.
SELECT
  -- include: copied_login
FROM login_span AS span
JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.node = 0;

-- name: logins_of_report
-- Who is logged in by report :seq of a server, for the guard; as processes_of_report.
SELECT
  -- include: copied_login
FROM span_level
CROSS JOIN login_span AS span
  ON span.server_id = :server_id
  AND span.node = (:seq & span_level.mask) | span_level.bit
  AND span.first_seq <= :seq
  AND (span.gone_seq > :seq OR span.gone_seq IS NULL)
CROSS JOIN account ON account.id = span.account_id;

-- fragment: copied_login
-- The columns of the guard's table, as copied_process.
span.server_id * 1048576 + span.slot AS row_id, span.server_id AS servidor, span.pid,
account.username, account.terminal, account.origin AS origen, span.since AS desde,
CASE WHEN :with_first_sight = 1 THEN min(:placed_at, coalesce((
  SELECT sighting.first_at
  FROM login_name AS known
  JOIN login_sighting AS sighting
    ON sighting.server_id = span.server_id AND sighting.name_id = known.id
  WHERE known.username IS account.username
), :placed_at)) END AS visto_desde
