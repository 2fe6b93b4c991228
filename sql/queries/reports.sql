-- fragment: same_report
-- Ids of the records that hold this very report; joins server. With BETWEEN instead of =, SQLite
-- takes the index of the time, and not that of the numbers.
SELECT same.id FROM report AS same
WHERE same.server_id = server.id
  AND same.seq > 0
  AND same.placed_at BETWEEN :taken_at AND :taken_at
  AND same.taken_at = :taken_at
  AND same.digest IN (:digest, :spelled_digest)
UNION ALL
SELECT same.id FROM report AS same
WHERE same.server_id = server.id
  AND same.seq > 0
  AND same.moved_by <> 0
  AND same.taken_at BETWEEN :taken_at AND :taken_at
  AND same.digest IN (:digest, :spelled_digest)
UNION ALL
SELECT same.id FROM report AS same
WHERE same.server_id = server.id
  AND same.seq < 0
  AND same.taken_at BETWEEN :taken_at AND :taken_at
  AND same.digest IN (:digest, :spelled_digest)

-- name: find_same_report
-- The record of this server that holds this very report.
SELECT found.id
FROM server
CROSS JOIN report AS found ON found.id IN (
  -- include: same_report
)
WHERE server.id = :server_id
LIMIT 1;

-- name: sequence_bounds
-- The highest and the lowest sequence number of this server, 0 where there is none.
SELECT
  coalesce((SELECT max(seq) FROM report WHERE server_id = :server_id AND seq > 0), 0),
  coalesce((SELECT min(seq) FROM report WHERE server_id = :server_id AND seq < 0), 0);

-- name: last_slot
-- The last slot of the running processes of this server; about as many run.
SELECT max(slot) FROM process_span WHERE server_id = :server_id AND node = 0;

-- name: latest_reports
-- The reports with these two numbers of this server, in the order of their arrival.
SELECT
  report.seq, report.placed_at, report.taken_at, report.received_at, report.local_offset,
  profile.boot_id
FROM report
JOIN profile ON profile.id = report.profile_id
WHERE report.server_id = :server_id AND report.seq IN (:highest, :lowest)
ORDER BY report.id;

-- name: latest_places
-- The places of the last reports in order of this server, the latest first.
SELECT placed_at FROM report
WHERE server_id = :server_id AND seq > 0
ORDER BY seq DESC
LIMIT :limit;

-- fragment: first_arrival
-- When the first report in order of this server arrived.
(
  SELECT earliest.received_at FROM report AS earliest
  WHERE earliest.server_id = :server_id AND earliest.seq > 0
  ORDER BY earliest.seq
  LIMIT 1
)

-- name: arrivals_of_server
-- What is known of the arrivals of this server beside its reports.
SELECT
  -- include: first_arrival
  AS first_arrival_at,
  heard_at, greatest_arrival_at, counted_hour, counted_reports
FROM server
WHERE id = :server_id;

-- name: note_arrival
-- Sets what is known of the arrivals of this server.
UPDATE server SET
  heard_at = :heard_at,
  greatest_arrival_at = :greatest_arrival_at,
  usual_interval = :usual_interval,
  counted_reports = CASE WHEN counted_hour = :hour THEN counted_reports + 1 ELSE 1 END,
  counted_hour = :hour
WHERE id = :server_id;

-- name: keep_counted_hour
-- Adds the reports of an hour that is over for this server.
INSERT INTO arrival_hour (hour, server_id, reports) VALUES (:hour, :server_id, :reports)
ON CONFLICT (hour, server_id) DO UPDATE SET reports = reports + excluded.reports;

-- name: add_report
-- Adds a report, with the next id where :id is null.
INSERT INTO report (
  id, server_id, seq, taken_at, received_at, moved_by, clock, local_offset, zone, profile_id,
  digest, discarded
) VALUES (
  :id, :server_id, :seq, :taken_at, :received_at, :moved_by, :clock, :local_offset, :zone,
  :profile_id, :digest, :discarded
)
RETURNING id;

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
