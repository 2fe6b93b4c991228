-- name: all_reports
-- Which reports are there, in an order that every database agrees on?
SELECT s.identity, r.taken_at, r.digest, r.id
FROM server AS s
JOIN report AS r ON r.server_id = s.id
ORDER BY s.identity, r.taken_at, r.digest;

-- name: any_report
-- Is there any report?
SELECT id FROM report LIMIT 1;

-- name: find_report
-- Which record holds the report with this key?
SELECT r.id
FROM server AS s
JOIN report AS r ON r.server_id = s.id
WHERE s.identity = :identity AND r.taken_at = :taken_at AND r.digest = :digest;

-- name: first_sights
-- Which slots hold the processes that this record was the first to show?
SELECT s.slot
FROM report AS r
CROSS JOIN span_level AS l
CROSS JOIN process_span AS s
WHERE r.id = :id_serv
  AND s.server_id = r.server_id
  AND s.node = (r.seq & l.mask) | l.bit
  AND s.first_seq = r.seq;

-- name: astray_process
-- How many sightings of processes are not what the spans say?
WITH told (server_id, name, username, running, first_at) AS (
  SELECT q.server_id, n.name, n.username, q.running, q.first_at
  FROM process_sighting AS q
  JOIN process_name AS n ON n.id = q.name_id
), seen (server_id, name, username, running, first_at) AS (
  SELECT s.server_id, d.name, d.username, count(*) - count(s.gone_seq), min(f.taken_at)
  FROM process_span AS s
  JOIN program AS d ON d.id = s.program_id
  JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
  GROUP BY s.server_id, d.name, d.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM seen) AS missing)
  + (SELECT count(*) FROM (SELECT * FROM seen EXCEPT SELECT * FROM told) AS wrong)
  + (
    SELECT count(*) FROM process_name AS n
    WHERE n.running <> coalesce(
      (SELECT sum(q.running) FROM process_sighting AS q WHERE q.name_id = n.id), 0
    )
  );

-- name: astray_login
-- How many sightings of logins are not what the spans say?
WITH told (server_id, username, running, first_at) AS (
  SELECT q.server_id, n.username, q.running, q.first_at
  FROM login_sighting AS q
  JOIN login_name AS n ON n.id = q.name_id
), seen (server_id, username, running, first_at) AS (
  SELECT s.server_id, d.username, count(*) - count(s.gone_seq), min(f.taken_at)
  FROM login_span AS s
  JOIN account AS d ON d.id = s.account_id
  JOIN report AS f ON f.server_id = s.server_id AND f.seq = s.first_seq
  GROUP BY s.server_id, d.username
)
SELECT
  (SELECT count(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM seen) AS missing)
  + (SELECT count(*) FROM (SELECT * FROM seen EXCEPT SELECT * FROM told) AS wrong)
  + (
    SELECT count(*) FROM login_name AS n
    WHERE n.running <> coalesce(
      (SELECT sum(q.running) FROM login_sighting AS q WHERE q.name_id = n.id), 0
    )
  );
