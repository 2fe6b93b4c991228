-- name: running_process
-- Which processes run on this server, as of its newest report?
SELECT pid, program_id, slot, first_seq
FROM process_span
WHERE server_id = :server_id AND node = 0;

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
SELECT pid, account_id, slot, first_seq
FROM login_span
WHERE server_id = :server_id AND node = 0;

-- name: end_login
-- An open login is shown no more; its span is added again, closed and at its node.
DELETE FROM login_span
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: add_login
-- A span of a login: closed, or open from this report on.
INSERT INTO login_span (server_id, node, slot, first_seq, gone_seq, pid, account_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :account_id);
