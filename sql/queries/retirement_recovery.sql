-- name: recorded_retirements
-- All retirements, as the audit log records them.
SELECT
  server.identity, server.sibling, retirement.at, retirement.reason,
  successor.identity, successor.sibling
FROM retirement
JOIN server ON server.id = retirement.server_id
LEFT JOIN server AS successor ON successor.id = retirement.successor_id
ORDER BY retirement.id;

-- name: restore_retirement
-- Adds a retirement that the audit log names, after the reports that had arrived by then, if the
-- server is known and it is not there.
INSERT INTO retirement (server_id, at, reason, told_by, successor_id, after_report_id)
SELECT
  server.id, :at, :reason, :told_by,
  (
    SELECT successor.id FROM server AS successor
    WHERE successor.identity = :successor_identity AND successor.sibling = :successor_sibling
  ),
  coalesce((
    SELECT max(report.id) FROM report
    WHERE report.server_id = server.id AND report.received_at <= :at
  ), 0)
FROM server
WHERE server.identity = :identity
  AND server.sibling = :sibling
  AND NOT EXISTS (
    SELECT 1 FROM retirement AS known WHERE known.server_id = server.id AND known.at = :at
  )
RETURNING id;
