-- name: server_to_retire
-- How the audit log names a server, when it was heard last, and whether it is retired now.
SELECT
  server.identity, server.sibling, coalesce(server.heard_at, 0),
  -- include: is_retired
FROM server
WHERE server.id = :server_id;

-- name: last_retirement_at
-- When a server was retired last, or the place of the newest record, if that is later. Not what was
-- told while the clock of the service was ahead: what is told now would be told then, too.
SELECT max(
  coalesce((SELECT max(at) FROM retirement WHERE at <= :now), 0),
  -- include: newest_place
);

-- name: add_retirement
-- Notes that a server is retired, after the reports that are stored.
INSERT INTO retirement (server_id, at, reason, told_by, successor_id, after_report_id)
SELECT :server_id, :at, :reason, :told_by, :successor_id, coalesce(max(id), 0) FROM report;
