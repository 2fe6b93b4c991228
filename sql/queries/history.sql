-- name: server_of_record
-- The server that this record belongs to.
SELECT server_id FROM report WHERE id = :id_serv;

-- name: first_record
-- The oldest record of this server.
SELECT id, taken_at FROM report WHERE server_id = :server_id ORDER BY taken_at, id LIMIT 1;

-- name: record_until
-- The newest record of this server that was taken at or before :moment.
SELECT id, taken_at FROM report
WHERE server_id = :server_id AND taken_at <= :moment
ORDER BY taken_at DESC, id DESC
LIMIT 1;

-- name: record_after
-- The oldest record of this server that was taken after :moment.
SELECT id, taken_at FROM report
WHERE server_id = :server_id AND taken_at > :moment
ORDER BY taken_at, id
LIMIT 1;

-- name: records_newest_first
-- Records of this server taken from :since to :until, older than the last one of the page before.
SELECT
  report.received_at, report.seq < 0,
  -- include: record_columns
FROM report
JOIN servers ON servers.id_serv = report.id
WHERE report.server_id = :server_id
  AND report.taken_at >= :since
  AND report.taken_at <= :until
  AND (report.taken_at < :shown_at OR report.id < :shown)
ORDER BY report.taken_at DESC, report.id DESC
LIMIT :limit;

-- name: time_of_record
-- When this record of this server was taken.
SELECT taken_at FROM report WHERE id = :id_serv AND server_id = :server_id;
