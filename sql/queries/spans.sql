-- name: running_process
-- Which processes run on this server, as of its newest report? Those that are alike, in order.
SELECT s.slot, s.first_seq, s.pid, g.name, g.username, s.started_at
FROM process_span AS s
JOIN program AS g ON g.id = s.program_id
WHERE s.server_id = :server_id AND s.node = 0
ORDER BY s.first_seq, s.slot;

-- name: end_process
-- A running process is shown no more: its span is closed, and moves to its node.
UPDATE process_span SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_process
-- A span of a process: running from this report on, or closed.
INSERT INTO process_span
  (server_id, node, slot, first_seq, gone_seq, pid, started_at, ppid, program_id)
VALUES
  (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :started_at, :ppid, :program_id);

-- name: running_login
-- Which logins are open on this server, as of its newest report? Those that are alike, in order.
SELECT s.slot, s.first_seq, s.pid, a.username, a.terminal, a.origin, s.since
FROM login_span AS s
JOIN account AS a ON a.id = s.account_id
WHERE s.server_id = :server_id AND s.node = 0
ORDER BY s.first_seq, s.slot;

-- name: end_login
-- An open login is shown no more: its span is closed, and moves to its node.
UPDATE login_span SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_login
-- A span of a login: open from this report on, or closed.
INSERT INTO login_span (server_id, node, slot, first_seq, gone_seq, pid, since, account_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :since, :account_id);
