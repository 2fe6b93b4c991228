-- name: find_same_report
-- Is this very report stored?
SELECT id FROM report
WHERE server_id = :server_id AND taken_at = :taken_at AND digest = :digest;

-- name: numbers
-- What are the highest and the lowest number of this server's reports (0 where there is none)?
SELECT
  coalesce((SELECT max(seq) FROM report WHERE server_id = :server_id AND seq > 0), 0),
  coalesce((SELECT min(seq) FROM report WHERE server_id = :server_id AND seq < 0), 0);

-- name: newest_time
-- When was this report of this server taken?
SELECT taken_at FROM report WHERE server_id = :server_id AND seq = :seq;

-- name: add_report
-- A report arrives.
INSERT INTO report (server_id, seq, taken_at, received_at, profile_id, digest, discarded)
VALUES (:server_id, :seq, :taken_at, :received_at, :profile_id, :digest, :discarded)
RETURNING id;
