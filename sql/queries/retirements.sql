-- fragment: retirement_columns
-- What is shown of a retirement: see Retirement.
retirement.server_id, retirement.at, retirement.reason, retirement.told_by,
retirement.successor_id,
(
  SELECT back.id FROM report AS back
  WHERE back.server_id = retirement.server_id
    AND back.seq > 0
    AND back.id > retirement.after_report_id
    AND back.placed_at <= :until
    AND back.received_at <= :until
  ORDER BY back.seq
  LIMIT 1
)

-- name: retirements_of_server
-- Every retirement of a server, and of servers whose place it took, the newest first.
SELECT
  -- include: retirement_columns
FROM retirement
WHERE (retirement.server_id = :server_id OR retirement.successor_id = :server_id)
  AND retirement.at <= :until
ORDER BY retirement.at DESC;

-- name: retirements_in_force
-- The retirements of the servers that are retired now, the newest first.
SELECT
  -- include: retirement_columns
FROM retirement
JOIN server ON server.id = retirement.server_id
WHERE NOT EXISTS (
  SELECT 1 FROM report AS back
  WHERE back.server_id = retirement.server_id
    AND back.seq > 0
    AND back.id > retirement.after_report_id
)
ORDER BY retirement.at DESC;

-- name: silent_servers
-- Servers that are silent and not retired, and when each was heard last.
SELECT server.id, server.heard_at FROM server
WHERE
  -- include: is_silent
  AND NOT
  -- include: is_retired
ORDER BY server.id;

-- name: next_retirement
-- When a server was retired after report :seq, its last that is judged. A late one is judged in its place
-- where the past is judged by places: the retirements after that place count, and after the record in
-- order that is shown then.
SELECT retirement.at FROM retirement
WHERE retirement.server_id = :server_id
  AND retirement.after_report_id < :before_report_id
  AND retirement.at <= :told_until
  AND retirement.at > CASE WHEN :seq > 0 THEN 0 ELSE coalesce((
    SELECT late.placed_at FROM report AS late
    WHERE late.server_id = :server_id AND late.seq = :seq
  ), 0) END
  AND retirement.after_report_id >= coalesce((
    SELECT judged_last.id FROM report AS judged_last
    WHERE judged_last.server_id = :server_id
      AND judged_last.seq = CASE WHEN :seq > 0 THEN :seq ELSE (
        SELECT max(known.seq) FROM report AS known
        WHERE known.server_id = :server_id
          AND known.seq > 0
          AND known.placed_at <= (
            SELECT late.placed_at FROM report AS late
            WHERE late.server_id = :server_id AND late.seq = :seq
          )
      ) END
  ), 0)
ORDER BY retirement.id
LIMIT 1;

-- name: servers_to_retire
-- Servers that were retired until then, which is not judged yet, but for those with reports to judge
-- before.
SELECT DISTINCT judged.server_id
FROM retirement
JOIN judged ON judged.server_id = retirement.server_id
WHERE judged.seq > 0
  AND retirement.at <= :told_until
  AND coalesce(judged.event_mark, '') NOT LIKE 'baja %'
  AND retirement.after_report_id >= coalesce((
    SELECT judged_last.id FROM report AS judged_last
    WHERE judged_last.server_id = judged.server_id AND judged_last.seq = judged.seq
  ), 0)
  AND NOT EXISTS (
    SELECT 1 FROM report
    WHERE report.server_id = judged.server_id
      AND (report.seq > judged.seq OR report.seq < judged.late_seq)
      AND report.seq <> 0
      AND report.id <= retirement.after_report_id
  )
ORDER BY judged.server_id;

-- name: times_of_retirements
-- When servers were retired until then, which, and after which report.
SELECT at, server_id, after_report_id FROM retirement WHERE at <= :told_until ORDER BY at;

-- name: likely_successors
-- Silent servers, each with the servers that have its host name and another identity, are not retired,
-- and were heard later, the one heard last first. :server_id is old or new, or null for all.
WITH known (server_id, identity, heard_at, host, retired, silent) AS MATERIALIZED (
  SELECT
    server.id, server.identity, server.heard_at, profile.nombre_host,
    -- include: is_retired
    ,
    -- include: is_silent
  FROM server
  CROSS JOIN report AS newest
    ON newest.server_id = server.id
    AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
  CROSS JOIN profile ON profile.id = newest.profile_id
  WHERE profile.nombre_host IS NOT NULL
)
SELECT old.server_id, new.server_id
FROM known AS old
JOIN known AS new
  ON new.host = old.host
  AND new.identity <> old.identity
  AND new.heard_at > old.heard_at
WHERE old.silent
  AND NOT old.retired
  AND NOT new.retired
  AND (:server_id IS NULL OR :server_id IN (old.server_id, new.server_id))
ORDER BY old.server_id, new.heard_at DESC;
