-- name: find_same_report
-- The record that holds this very report.
SELECT id FROM report
WHERE server_id = :server_id
  AND taken_at = :taken_at
  AND digest IN (:digest, :spelled_digest);

-- name: sequence_bounds
-- The highest and the lowest sequence number of this server, 0 where there is none.
SELECT
  coalesce((SELECT max(seq) FROM report WHERE server_id = :server_id AND seq > 0), 0),
  coalesce((SELECT min(seq) FROM report WHERE server_id = :server_id AND seq < 0), 0);

-- name: newest_in_order
-- When report :seq of this server was taken, and its boot.
SELECT report.taken_at, profile.boot_id
FROM report
JOIN profile ON profile.id = report.profile_id
WHERE report.server_id = :server_id AND report.seq = :seq;

-- name: add_report
-- Adds a report.
INSERT INTO report (server_id, seq, taken_at, received_at, profile_id, digest, discarded)
VALUES (:server_id, :seq, :taken_at, :received_at, :profile_id, :digest, :discarded)
RETURNING id;

-- name: count_arrival
-- Adds one to the reports that arrived in this hour.
INSERT INTO arrival_hour (hour, reports) VALUES (:hour, 1)
ON CONFLICT (hour) DO UPDATE SET reports = reports + 1;

-- name: add_profile_change
-- Adds a profile change, unless the report before has the same profile.
INSERT INTO profile_change (report_id, server_id, seq, profile_id, former_id)
SELECT :report_id, :server_id, :seq, :profile_id, former.profile_id
FROM (
  SELECT (
    SELECT before.profile_id FROM report AS before
    WHERE before.server_id = :server_id AND before.seq = :seq - 1
  ) AS profile_id
) AS former
WHERE former.profile_id IS NULL OR former.profile_id <> :profile_id;
