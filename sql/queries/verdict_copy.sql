-- name: server_identities
-- What tells each server from the others.
SELECT id, identity, sibling FROM server;

-- name: copied_violations
-- The violations that are there.
SELECT id FROM violation;

-- name: limit_copied_cursors
-- Takes cursors back to the reports that are there.
UPDATE judged SET
  seq = min(seq, coalesce((
    SELECT max(report.seq) FROM report WHERE report.server_id = judged.server_id
  ), 0)),
  late_seq = max(late_seq, coalesce((
    SELECT min(report.seq) FROM report WHERE report.server_id = judged.server_id AND report.seq < 0
  ), 0));

-- name: restart_copied_policy_pasts
-- Begins anew where servers may have other numbers.
UPDATE policy_past SET servers_done = 0 WHERE ended_at IS NULL;
