-- name: swept_reports
-- What each report of a server from :seq on says of it, for the guard; times as in current_server.
SELECT
  report.seq,
  report.server_id AS servidor,
  shown.id_serv, shown.ipaddress, shown.fecha_hora, shown.arquitectura_proc, shown.marca_proc,
  shown.nombre_so, shown.version_so, shown.version_esquema, shown.id_maquina, shown.nombre_host,
  shown.nucleo, shown.version_agente, shown.fuente_usuarios, shown.descartados,
  -- include: id_clonado_then
  AS id_clonado,
  shown.recibido, shown.reloj, shown.zona,
  profile.booted_at AS arranque,
  min(
    (
      SELECT first_report.placed_at FROM report AS first_report
      WHERE first_report.server_id = :server_id AND first_report.seq > 0
      ORDER BY first_report.seq
      LIMIT 1
    ),
    report.placed_at
  ) AS visto_desde
FROM report
CROSS JOIN servers AS shown ON shown.id_serv = report.id
CROSS JOIN server AS owner ON owner.id = report.server_id
CROSS JOIN profile ON profile.id = report.profile_id
WHERE report.server_id = :server_id AND report.seq >= :seq
ORDER BY report.seq;

-- name: swept_processes
-- Every process of them, as current_processes, but its program by number; by the first that shows it.
SELECT
  first_seq, gone_seq, server_id * 1048576 + slot AS row_id, pid, ppid, program_id, started_at
FROM process_span
WHERE server_id = :server_id AND first_seq > 0
ORDER BY first_seq;

-- name: swept_logins
-- Every login of them, as current_logins.
SELECT
  span.first_seq, span.gone_seq, span.server_id * 1048576 + span.slot AS row_id, span.server_id,
  span.pid, account.username, account.terminal, account.origin, span.since
FROM login_span AS span
CROSS JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.first_seq > 0
ORDER BY span.first_seq;
