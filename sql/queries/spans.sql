-- name: running_process
-- Which processes run on this server, as of its newest report?
SELECT slot, first_seq, pid, program_id
FROM process_span
WHERE server_id = :server_id AND node = 0;

-- name: end_process
-- This report shows a process no more: its span is closed, and moves to its node.
UPDATE process_span
SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: start_process
-- A report shows a process that the one before did not.
INSERT INTO process_span (server_id, node, slot, first_seq, gone_seq, pid, program_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :program_id);

-- name: running_login
-- Which logins are open on this server, as of its newest report?
SELECT slot, first_seq, pid, account_id
FROM login_span
WHERE server_id = :server_id AND node = 0;

-- name: end_login
-- This report shows a login no more: its span is closed, and moves to its node.
UPDATE login_span
SET node = :node, gone_seq = :gone_seq
WHERE server_id = :server_id AND node = 0 AND slot = :slot;

-- name: start_login
-- A report shows a login that the one before did not.
INSERT INTO login_span (server_id, node, slot, first_seq, gone_seq, pid, account_id)
VALUES (:server_id, :node, :slot, :first_seq, :gone_seq, :pid, :account_id);
