-- name: running_process
-- Which processes run on this server, as of its newest report?
SELECT s.slot, s.first_seq, s.pid, g.name, g.username
FROM process_span AS s
JOIN program AS g ON g.id = s.program_id
WHERE s.server_id = :server_id AND s.node = 0;

-- name: end_process
-- A running process is shown no more; its span is added again, closed and at its node.
DELETE FROM process_span
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_process
-- A span of a process: closed, or running from this report on.
INSERT INTO process_span (server_id, node, slot, first_seq, gone_seq, pid, program_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :program_id);

-- name: running_login
-- Which logins are open on this server, as of its newest report?
SELECT s.slot, s.first_seq, s.pid, a.username
FROM login_span AS s
JOIN account AS a ON a.id = s.account_id
WHERE s.server_id = :server_id AND s.node = 0;

-- name: end_login
-- An open login is shown no more; its span is added again, closed and at its node.
DELETE FROM login_span
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_login
-- A span of a login: closed, or open from this report on.
INSERT INTO login_span (server_id, node, slot, first_seq, gone_seq, pid, account_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :account_id);
