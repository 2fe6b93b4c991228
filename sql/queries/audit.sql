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
