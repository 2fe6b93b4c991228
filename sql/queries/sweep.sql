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

-- name: swept_program
-- What a process runs that swept_processes tells of.
SELECT id, name, username, executable, command_line FROM program WHERE id = :id;

-- name: swept_logins
-- Every login of them, as current_logins.
SELECT
  span.first_seq, span.gone_seq, span.server_id * 1048576 + span.slot AS row_id, span.server_id,
  span.pid, account.username, account.terminal, account.origin, span.since
FROM login_span AS span
CROSS JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.first_seq > 0
ORDER BY span.first_seq;

-- name: swept_few_processes
-- Those that tell :programs, a JSON list of numbers, or the facts of a report: its first pids.
SELECT
  first_seq, gone_seq, server_id * 1048576 + slot AS row_id, pid, ppid, program_id, started_at
FROM process_span
WHERE server_id = :server_id
  AND first_seq > 0
  AND (pid IN (1, 4) OR program_id IN (SELECT value FROM json_each(:programs)))
ORDER BY first_seq;

-- name: program_page
-- So many programs after this one.
SELECT id, name, username, executable, command_line FROM program
WHERE id > :after_id
ORDER BY id
LIMIT :limit;

-- name: newest_program
-- The greatest number of a program; null for none.
SELECT max(id) FROM program;

-- name: report_marks
-- The reports in order of a server, of those that arrived until then, at which its profile changed,
-- or that came, or stand, more than :limit after the one before; or that seem to have come before it.
SELECT seq, received_gap < 0 AS is_odd
FROM (
  SELECT
    seq,
    received_at - lag(received_at) OVER by_seq AS received_gap,
    placed_at - lag(placed_at) OVER by_seq AS placed_gap,
    profile_id IS NOT lag(profile_id) OVER by_seq AS is_other
  FROM report
  WHERE server_id = :server_id AND seq > 0 AND id <= :last_id
  WINDOW by_seq AS (ORDER BY seq)
)
WHERE is_other OR received_gap > :limit OR placed_gap > :limit OR received_gap < 0
ORDER BY seq;

-- name: has_late_reports
-- A row if the server has late reports.
SELECT 1 FROM report WHERE server_id = :server_id AND seq < 0 LIMIT 1;

-- name: past_from
-- The reports of a server in order from this number on, as past_in_order.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq >= :seq AND id <= :last_id AND received_at <= :until
ORDER BY seq;

-- name: past_before
-- So many of its reports before this number, the latest first; null for its last.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id
  AND seq > 0 AND (seq < :seq OR :seq IS NULL) AND id <= :last_id AND received_at <= :until
ORDER BY seq DESC
LIMIT :limit;

-- name: count_past
-- How many reports in order a server has between these numbers.
SELECT count(*) FROM report WHERE server_id = :server_id AND seq > :after_seq AND seq < :seq;
