-- name: running_processes
-- Processes that run as of the newest report of this server, those that are alike in their order.
SELECT
  span.slot, span.first_seq, span.pid, program.name, program.username, span.started_at,
  span.started_ticks
FROM process_span AS span
JOIN program ON program.id = span.program_id
WHERE span.server_id = :server_id AND span.node = 0
ORDER BY span.first_seq, span.slot;

-- name: close_process_span
-- Closes the span of a running process, and moves it to its node.
UPDATE process_span SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_process_span
-- Adds a span of a process: running from this report on, or closed.
INSERT INTO process_span
  (server_id, node, slot, first_seq, gone_seq, pid, started_at, started_ticks, ppid, program_id)
VALUES (
  :server_id, :node, :slot, :first_seq, :gone_seq, :pid, :started_at, :started_ticks, :ppid,
  :program_id
);

-- name: set_process_ticks
-- Sets the ticks of a running process to those of the newest report.
UPDATE process_span SET started_ticks = :started_ticks
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: open_logins
-- Logins that are open as of the newest report of this server, those that are alike in their order.
SELECT
  span.slot, span.first_seq, span.pid, account.username, account.terminal, account.origin,
  span.since
FROM login_span AS span
JOIN account ON account.id = span.account_id
WHERE span.server_id = :server_id AND span.node = 0
ORDER BY span.first_seq, span.slot;

-- name: close_login_span
-- Closes the span of an open login, and moves it to its node.
UPDATE login_span SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_login_span
-- Adds a span of a login: open from this report on, or closed.
INSERT INTO login_span (server_id, node, slot, first_seq, gone_seq, pid, since, account_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :since, :account_id);
