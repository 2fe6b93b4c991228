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

-- name: count_arrival
-- One more report arrived in this hour.
INSERT INTO arrival_hour (hour, reports) VALUES (:hour, 1)
ON CONFLICT (hour) DO UPDATE SET reports = reports + 1;

-- name: add_profile_change
-- The server is new, or was something else in the report before this one.
INSERT INTO profile_change (report_id, server_id, seq, profile_id, former_id)
SELECT :report_id, :server_id, :seq, :profile_id, former.profile_id
FROM (
  SELECT (
    SELECT b.profile_id FROM report AS b WHERE b.server_id = :server_id AND b.seq = :seq - 1
  ) AS profile_id
) AS former
WHERE former.profile_id IS NULL OR former.profile_id <> :profile_id;
