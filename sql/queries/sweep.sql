-- name: swept_processes
-- Every process of a server's reports in order, as current_processes, by the first that shows it.
SELECT
  span.first_seq, span.gone_seq, span.server_id * 1048576 + span.slot AS row_id, span.server_id,
  span.pid, span.ppid, program.name, program.username, span.started_at,
  program.executable, program.command_line
FROM process_span AS span
CROSS JOIN program ON program.id = span.program_id
WHERE span.server_id = :server_id AND span.first_seq > 0
ORDER BY span.first_seq;

-- name: swept_logins
-- Every login of them, as current_logins.
SELECT
  span.first_seq, span.gone_seq, span.server_id * 1048576 + span.slot AS row_id, span.server_id,
  span.pid, account.username, account.terminal, account.origin, span.since
FROM login_span AS span
CROSS JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.first_seq > 0
ORDER BY span.first_seq;
