-- name: server_of_record
-- The server that this record belongs to.
SELECT server_id FROM report WHERE id = :id_serv;

-- name: first_record
-- The first record in order of this server.
SELECT id, taken_at, placed_at FROM report
WHERE server_id = :server_id AND seq > 0
ORDER BY seq
LIMIT 1;

-- name: record_until
-- The record in order of this server that is shown at :moment.
SELECT id, taken_at, placed_at FROM report
WHERE server_id = :server_id
  AND seq > 0
  AND placed_at <= :moment
  AND (:known_at IS NULL OR received_at <= :known_at)
ORDER BY placed_at DESC, seq DESC
LIMIT 1;

-- name: record_after
-- The next record in order of this server, and when it arrived.
SELECT received_at, id, taken_at, placed_at FROM report
WHERE server_id = :server_id AND seq > 0 AND placed_at > :moment
ORDER BY placed_at, seq
LIMIT 1;

-- name: record_before
-- The record in order of this server before this one.
SELECT id, taken_at, placed_at FROM report
WHERE server_id = :server_id AND seq > 0 AND placed_at <= :placed_at AND id < :id_serv
ORDER BY placed_at DESC, id DESC
LIMIT 1;

-- name: records_newest_first
-- Records of this server from :since to :until by their places, before the last one shown.
SELECT
  listed.placed_at, listed.seq < 0,
  -- include: record_columns
FROM (
  SELECT id, seq, placed_at
  FROM (
    SELECT id, seq, placed_at FROM report
    WHERE server_id = :server_id
      AND seq > 0
      AND placed_at >= :since
      AND placed_at <= :until
      AND (placed_at < :shown_at OR id < :shown)
      AND (:known_at IS NULL OR received_at <= :known_at)
    ORDER BY placed_at DESC, id DESC
    LIMIT :limit
  ) AS in_order
  UNION ALL
  SELECT id, seq, placed_at
  FROM (
    SELECT id, seq, taken_at AS placed_at FROM report
    WHERE server_id = :server_id
      AND seq < 0
      AND taken_at >= :since
      AND taken_at <= :until
      AND (taken_at < :shown_at OR id < :shown)
      AND (:known_at IS NULL OR received_at <= :known_at)
    ORDER BY taken_at DESC, id DESC
    LIMIT :limit
  ) AS late
) AS listed
JOIN servers ON servers.id_serv = listed.id
ORDER BY listed.placed_at DESC, listed.id DESC
LIMIT :limit;

-- name: place_of_record
-- The place of this record of this server.
SELECT placed_at FROM report WHERE id = :id_serv AND server_id = :server_id;
