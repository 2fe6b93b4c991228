-- name: last_server
-- The number of the newest server; null if there is none.
SELECT max(id) FROM server;

-- fragment: servers_within_range
-- Condition on server: some of it is in a range of a walk.
server.id BETWEEN :server_id AND :last_server_id

-- name: last_process_name
-- The newest id of the dictionary, which is about the number of its names; null if there is none.
SELECT max(id) FROM process_name;

-- name: process_names_matching
-- Ids of the names that a filter selects, at most :limit.
SELECT id
FROM (
  -- include: matching_process_names
) AS matching
LIMIT :limit;

-- name: servers_of_process_now
-- Servers :first to :last that ever showed this name, and whether their newest record does.
SELECT sighting.server_id, sighting.running > 0
FROM process_sighting AS sighting
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: servers_of_process_at
-- Servers :first to :last that ever showed this name, and whether they showed it at :moment.
SELECT
  server.id,
  sighting.first_at <= :moment AND EXISTS (
    SELECT 1 FROM report AS shown
    WHERE shown.server_id = server.id
      AND shown.seq =
      -- include: shown_at_moment
      AND shown.seq < (
        SELECT coalesce(run.gone_seq, 9223372036854775807) FROM process_run AS run
        WHERE run.server_id = server.id
          AND run.name_id = :name_id
          AND run.first_seq <= shown.seq
        ORDER BY run.first_seq DESC
        LIMIT 1
      )
  )
FROM process_sighting AS sighting
CROSS JOIN server ON server.id = sighting.server_id
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: servers_of_process_ever
-- Servers :first to :last that ever showed this name.
SELECT sighting.server_id, 1
FROM process_sighting AS sighting
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: process_steps_now
-- How many steps, at most :steps, a walk over what runs now makes in a range, and where it gets.
SELECT count(*), max(walked.server_id * 1048576 + walked.slot)
FROM (
  SELECT server.id AS server_id, coalesce(span.slot, 1048575) AS slot
  FROM server
  LEFT JOIN process_span AS span
    ON span.server_id = CASE
      WHEN :silent IS NULL OR :silent =
      -- include: is_silent
      THEN server.id
    END
    AND span.node = 0
    AND span.slot > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
  WHERE
    -- include: servers_within_range
  ORDER BY server.id, span.slot
  LIMIT :steps
) AS walked;

-- name: process_steps_at
-- Servers in a range that have a record at :moment, each with the steps that its spans take.
SELECT server.id, count(*)
FROM server
-- include: record_at_moment
LEFT JOIN process_span AS span
  ON span.server_id = server.id
  AND span.node = (shown.seq & span_level.mask) | span_level.bit
WHERE
  -- include: servers_within_range
GROUP BY server.id
ORDER BY server.id;

-- name: process_steps_ever
-- How many steps, at most :steps, a walk over all names makes in a range, and where it gets.
SELECT count(*), max(walked.server_id * 2147483648 + walked.slot)
FROM (
  SELECT server.id AS server_id, coalesce(sighting.name_id, 2147483647) AS slot
  FROM server
  LEFT JOIN process_sighting AS sighting
    ON sighting.server_id = server.id
    AND sighting.name_id > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
  WHERE
    -- include: servers_within_range
  ORDER BY server.id, sighting.name_id
  LIMIT :steps
) AS walked;

-- name: last_login_name
-- The newest id of the dictionary, which is about the number of its names; null if there is none.
SELECT max(id) FROM login_name;

-- name: login_names_matching
-- Ids of the names that a filter selects, at most :limit.
SELECT id
FROM (
  -- include: matching_login_names
) AS matching
LIMIT :limit;

-- name: servers_of_login_now
-- Servers :first to :last that ever showed this name, and whether their newest record does.
SELECT sighting.server_id, sighting.running > 0
FROM login_sighting AS sighting
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: servers_of_login_at
-- Servers :first to :last that ever showed this name, and whether they may have showed it at :moment.
SELECT
  server.id,
  sighting.first_at <= :moment AND (
    sighting.running > 0
    OR sighting.last_at >=
    -- include: place_at_moment
  )
FROM login_sighting AS sighting
CROSS JOIN server ON server.id = sighting.server_id
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: servers_of_login_ever
-- Servers :first to :last that ever showed this name.
SELECT sighting.server_id, 1
FROM login_sighting AS sighting
WHERE sighting.name_id = :name_id AND sighting.server_id BETWEEN :first AND :last
ORDER BY sighting.server_id
LIMIT :limit;

-- name: login_steps_now
-- How many steps, at most :steps, a walk over what runs now makes in a range, and where it gets.
SELECT count(*), max(walked.server_id * 1048576 + walked.slot)
FROM (
  SELECT server.id AS server_id, coalesce(span.slot, 1048575) AS slot
  FROM server
  LEFT JOIN login_span AS span
    ON span.server_id = CASE
      WHEN :silent IS NULL OR :silent =
      -- include: is_silent
      THEN server.id
    END
    AND span.node = 0
    AND span.slot > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
  WHERE
    -- include: servers_within_range
  ORDER BY server.id, span.slot
  LIMIT :steps
) AS walked;

-- name: login_steps_at
-- Servers in a range that have a record at :moment, each with the steps that its spans take.
SELECT server.id, count(*)
FROM server
-- include: record_at_moment
LEFT JOIN login_span AS span
  ON span.server_id = server.id
  AND span.node = (shown.seq & span_level.mask) | span_level.bit
WHERE
  -- include: servers_within_range
GROUP BY server.id
ORDER BY server.id;

-- name: login_steps_ever
-- How many steps, at most :steps, a walk over all names makes in a range, and where it gets.
SELECT count(*), max(walked.server_id * 2147483648 + walked.slot)
FROM (
  SELECT server.id AS server_id, coalesce(sighting.name_id, 2147483647) AS slot
  FROM server
  LEFT JOIN login_sighting AS sighting
    ON sighting.server_id = server.id
    AND sighting.name_id > CASE WHEN server.id = :server_id THEN :slot ELSE -1 END
  WHERE
    -- include: servers_within_range
  ORDER BY server.id, sighting.name_id
  LIMIT :steps
) AS walked;
