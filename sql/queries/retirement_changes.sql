-- name: server_to_retire
-- How the audit log names a server, the place of its newest record, when it was heard last, and whether
-- it is retired now.
SELECT
  server.identity, server.sibling,
  coalesce((
    SELECT newest.placed_at FROM report AS newest
    WHERE newest.server_id = server.id AND newest.seq > 0
    ORDER BY newest.seq DESC
    LIMIT 1
  ), 0),
  coalesce(server.heard_at, 0),
  -- include: is_retired
FROM server
WHERE server.id = :server_id;

-- name: last_retirement_at
-- When a server was retired last.
SELECT coalesce(max(at), 0) FROM retirement;

-- name: add_retirement
-- Notes that a server is retired, after the reports that are stored.
INSERT INTO retirement (server_id, at, reason, told_by, successor_id, after_report_id)
SELECT :server_id, :at, :reason, :told_by, :successor_id, coalesce(max(id), 0) FROM report;
