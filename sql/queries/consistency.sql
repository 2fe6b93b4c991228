-- name: all_reports
-- The key and the id of every report, in an order that is the same in every database.
SELECT server.identity, report.taken_at, report.digest, report.id
FROM server
JOIN report ON report.server_id = server.id
ORDER BY server.identity, report.taken_at, report.digest;

-- name: any_report
-- The id of any report.
SELECT id FROM report LIMIT 1;

-- name: find_report
-- The record that holds the report with this key.
SELECT found.id
FROM server
CROSS JOIN report AS found ON found.id IN (
  -- include: same_report
)
WHERE server.identity = :identity;

-- name: first_occurrences
-- Slots of the processes that this record was the first to show.
SELECT span.slot
FROM report
CROSS JOIN span_level
CROSS JOIN process_span AS span
WHERE report.id = :id_serv
  AND span.server_id = report.server_id
  AND span.node = (report.seq & span_level.mask) | span_level.bit
  AND span.first_seq = report.seq;

-- name: mismatched_process_sightings
-- Number of rows of process_sighting that disagree with the spans of records in order.
WITH stored (server_id, name, username, running, first_at) AS (
  SELECT
    sighting.server_id, process_name.name, process_name.username, sighting.running,
    sighting.first_at
  FROM process_sighting AS sighting
  JOIN process_name ON process_name.id = sighting.name_id
), derived (server_id, name, username, running, first_at) AS (
  SELECT
    span.server_id, program.name, program.username, count(*) - count(span.gone_seq),
    min(first_report.placed_at)
  FROM process_span AS span
  JOIN program ON program.id = span.program_id
  JOIN report AS first_report
    ON first_report.server_id = span.server_id AND first_report.seq = span.first_seq
  WHERE span.first_seq > 0
  GROUP BY span.server_id, program.name, program.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM stored EXCEPT SELECT * FROM derived) AS unfounded)
  + (SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM stored) AS missing);

-- name: mismatched_login_sightings
-- Number of rows of login_sighting that disagree with the spans of records in order.
WITH stored (server_id, username, running, first_at) AS (
  SELECT sighting.server_id, login_name.username, sighting.running, sighting.first_at
  FROM login_sighting AS sighting
  JOIN login_name ON login_name.id = sighting.name_id
), derived (server_id, username, running, first_at) AS (
  SELECT
    span.server_id, account.username, count(*) - count(span.gone_seq),
    min(first_report.placed_at)
  FROM login_span AS span
  JOIN account ON account.id = span.account_id
  JOIN report AS first_report
    ON first_report.server_id = span.server_id AND first_report.seq = span.first_seq
  WHERE span.first_seq > 0
  GROUP BY span.server_id, account.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM stored EXCEPT SELECT * FROM derived) AS unfounded)
  + (SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM stored) AS missing);

-- name: misplaced_reports
-- Number of records whose place contradicts their number: places rise, late ones are their times.
SELECT count(*)
FROM (
  SELECT
    seq, taken_at, placed_at, clock,
    lag(placed_at) OVER (PARTITION BY server_id, seq > 0 ORDER BY seq) AS place_before
  FROM report
) AS placed
WHERE (seq > 0 AND (place_before > placed_at OR clock = 'tardio'))
  OR (seq < 0 AND (placed_at <> taken_at OR clock IS NULL OR clock <> 'tardio'));

-- name: mismatched_arrivals
-- Number of servers whose last arrival or number of arrivals disagrees with their reports.
SELECT count(*)
FROM server
CROSS JOIN (
  SELECT server_id, max(seq) AS newest_seq, count(*) AS reports FROM report GROUP BY server_id
) AS stored ON stored.server_id = server.id
CROSS JOIN report AS newest
  ON newest.server_id = server.id AND newest.seq = stored.newest_seq
LEFT JOIN (
  SELECT server_id, sum(reports) AS reports FROM arrival_hour GROUP BY server_id
) AS counted ON counted.server_id = server.id
WHERE server.heard_at IS NULL
  OR server.heard_at <> newest.received_at
  OR coalesce(counted.reports, 0) + server.counted_reports <> stored.reports;
