-- name: past_servers
-- Every server with records, when its oldest one arrived, and how people know it.
SELECT
  server.id,
  (
    SELECT oldest.received_at FROM report AS oldest
    WHERE oldest.server_id = server.id AND oldest.seq > 0
    ORDER BY oldest.seq
    LIMIT 1
  ),
  server.identity, server.sibling, profile.ipaddress, profile.nombre_host
FROM server
CROSS JOIN report ON report.server_id = server.id AND report.seq = (
  SELECT max(shown.seq) FROM report AS shown WHERE shown.server_id = server.id
)
CROSS JOIN profile ON profile.id = report.profile_id
WHERE report.seq > 0
ORDER BY server.id;

-- name: past_in_order
-- The reports of a server in its order that arrived until then, as they arrived.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq > 0 AND id <= :last_id AND received_at <= :until
ORDER BY seq;

-- name: past_late
-- Its late reports that arrived until then, as they arrived.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq < 0 AND id <= :last_id AND received_at <= :until
ORDER BY seq DESC;

-- name: past_late_by_place
-- Its late reports, in the order of time.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq < 0 AND id <= :last_id AND placed_at <= :until
ORDER BY placed_at, seq DESC;

-- name: past_by_place
-- Its reports in order with a place until then, in the order of time.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq > 0 AND id <= :last_id AND placed_at <= :until
ORDER BY seq;

-- name: past_arrivals
-- The reports of all servers with numbers between these, that arrived until then, as they arrived.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE id > :after_id AND id <= :last_id AND received_at <= :until
ORDER BY id
LIMIT :limit;

-- name: past_places
-- So many reports of a server with a place after this one, in the order of time.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM (
  SELECT * FROM (
    SELECT * FROM report
    WHERE server_id = :server_id AND seq > 0 AND id <= :last_id
      AND placed_at > :since AND placed_at <= :until
    ORDER BY placed_at
    LIMIT :limit
  )
  UNION ALL
  SELECT * FROM (
    SELECT * FROM report
    WHERE server_id = :server_id AND seq < 0 AND id <= :last_id
      AND taken_at > :since AND taken_at <= :until
    ORDER BY taken_at
    LIMIT :limit
  )
)
ORDER BY placed_at, id
LIMIT :limit;
