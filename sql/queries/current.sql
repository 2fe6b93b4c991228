-- name: current_server
-- The newest report of a server, for the guard; times are microseconds where the relation has none.
SELECT
  report.server_id AS servidor,
  shown.id_serv, shown.ipaddress, shown.fecha_hora, shown.arquitectura_proc, shown.marca_proc,
  shown.nombre_so, shown.version_so, shown.version_esquema, shown.id_maquina, shown.nombre_host,
  shown.nucleo, shown.version_agente, shown.fuente_usuarios, shown.descartados, shown.id_clonado,
  shown.recibido, shown.reloj, shown.zona,
  profile.booted_at AS arranque,
  first_report.placed_at AS visto_desde
FROM report
JOIN servers AS shown ON shown.id_serv = report.id
JOIN profile ON profile.id = report.profile_id
JOIN report AS first_report
  ON first_report.server_id = report.server_id
  AND first_report.seq = (
    SELECT min(seq) FROM report AS ordered WHERE ordered.server_id = :server_id AND ordered.seq > 0
  )
WHERE report.server_id = :server_id
  AND report.seq = (
    SELECT max(seq) FROM report AS ordered WHERE ordered.server_id = :server_id
  );

-- name: current_processes
-- What runs on a server, for the guard. :with_first_sight is 1 where a rule asks when a name came.
SELECT
  span.server_id * 1048576 + span.slot AS row_id, span.server_id AS servidor, span.pid, span.ppid,
  program.name, program.username, span.started_at AS inicio, program.executable AS ejecutable,
  program.command_line AS linea_comando,
  CASE WHEN :with_first_sight = 1 THEN (
    SELECT sighting.first_at
    FROM process_name AS known
    JOIN process_sighting AS sighting
      ON sighting.server_id = span.server_id AND sighting.name_id = known.id
    WHERE known.name IS program.name AND known.username IS program.username
  ) END AS visto_desde
FROM process_span AS span
JOIN program ON program.id = span.program_id
WHERE span.server_id = :server_id AND span.node = 0;

-- name: current_logins
-- Who is logged in on a server, for the guard. :with_first_sight as in current_processes.
SELECT
  span.server_id * 1048576 + span.slot AS row_id, span.server_id AS servidor, span.pid,
  account.username, account.terminal, account.origin AS origen, span.since AS desde,
  CASE WHEN :with_first_sight = 1 THEN (
    SELECT sighting.first_at
    FROM login_name AS known
    JOIN login_sighting AS sighting
      ON sighting.server_id = span.server_id AND sighting.name_id = known.id
    WHERE known.username IS account.username
  ) END AS visto_desde
FROM login_span AS span
JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.node = 0;
