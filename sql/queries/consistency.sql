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
SELECT report.id
FROM server
JOIN report ON report.server_id = server.id
WHERE server.identity = :identity AND report.taken_at = :taken_at AND report.digest = :digest;

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
-- Number of rows of process_sighting and process_name that disagree with the spans.
WITH stored (server_id, name, username, running, first_at) AS (
  SELECT
    sighting.server_id, process_name.name, process_name.username, sighting.running,
    sighting.first_at
  FROM process_sighting AS sighting
  JOIN process_name ON process_name.id = sighting.name_id
), derived (server_id, name, username, running, first_at) AS (
  SELECT
    span.server_id, program.name, program.username, count(*) - count(span.gone_seq),
    min(first_report.taken_at)
  FROM process_span AS span
  JOIN program ON program.id = span.program_id
  JOIN report AS first_report
    ON first_report.server_id = span.server_id AND first_report.seq = span.first_seq
  GROUP BY span.server_id, program.name, program.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM stored EXCEPT SELECT * FROM derived) AS unfounded)
  + (SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM stored) AS missing)
  + (
    SELECT count(*) FROM process_name
    WHERE process_name.running <> coalesce(
      (
        SELECT sum(sighting.running) FROM process_sighting AS sighting
        WHERE sighting.name_id = process_name.id
      ),
      0
    )
  );

-- name: mismatched_login_sightings
-- Number of rows of login_sighting and login_name that disagree with the spans.
WITH stored (server_id, username, running, first_at) AS (
  SELECT sighting.server_id, login_name.username, sighting.running, sighting.first_at
  FROM login_sighting AS sighting
  JOIN login_name ON login_name.id = sighting.name_id
), derived (server_id, username, running, first_at) AS (
  SELECT
    span.server_id, account.username, count(*) - count(span.gone_seq),
    min(first_report.taken_at)
  FROM login_span AS span
  JOIN account ON account.id = span.account_id
  JOIN report AS first_report
    ON first_report.server_id = span.server_id AND first_report.seq = span.first_seq
  GROUP BY span.server_id, account.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM stored EXCEPT SELECT * FROM derived) AS unfounded)
  + (SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM stored) AS missing)
  + (
    SELECT count(*) FROM login_name
    WHERE login_name.running <> coalesce(
      (
        SELECT sum(sighting.running) FROM login_sighting AS sighting
        WHERE sighting.name_id = login_name.id
      ),
      0
    )
  );
