-- fragment: is_silent
-- Condition on server: nothing came from it for so long that what it said last is not now.
(
  :now - server.heard_at > max(:silent_after, :silent_intervals * coalesce(server.usual_interval, 0))
  -- Silence counts anew after a time in which the service could hear nobody. It began where no such
  -- time did meanwhile: after the last arrival, or after one of these times.
  AND (
    NOT EXISTS (
      SELECT 1 FROM deaf_span
      WHERE (deaf_span.until_at IS NULL OR deaf_span.until_at > server.heard_at)
        AND deaf_span.from_at - server.heard_at
          <= max(:silent_after, :silent_intervals * coalesce(server.usual_interval, 0))
    )
    OR EXISTS (
      SELECT 1 FROM deaf_span
      WHERE deaf_span.until_at > server.heard_at
        AND :now - deaf_span.until_at
          > max(:silent_after, :silent_intervals * coalesce(server.usual_interval, 0))
        AND NOT EXISTS (
          SELECT 1 FROM deaf_span AS following
          WHERE (following.until_at IS NULL OR following.until_at > deaf_span.until_at)
            AND following.from_at - deaf_span.until_at
              <= max(:silent_after, :silent_intervals * coalesce(server.usual_interval, 0))
        )
    )
  )
)

-- fragment: is_retired
-- Condition on server: it was retired, and has sent no report in order since.
EXISTS (
  SELECT 1 FROM retirement
  WHERE retirement.server_id = server.id
    AND retirement.after_report_id >= (
      SELECT latest.id FROM report AS latest
      WHERE latest.server_id = server.id AND latest.seq > 0
      ORDER BY latest.seq DESC
      LIMIT 1
    )
)

-- fragment: was_retired
-- The same at :moment, as it was known at :known_at: a report that came later changes nothing.
EXISTS (
  SELECT 1 FROM retirement
  WHERE retirement.server_id = server.id
    AND retirement.at <= :moment
    AND (:known_at IS NULL OR retirement.at <= :known_at)
    AND retirement.after_report_id >= coalesce((
      SELECT known.id FROM report AS known
      WHERE known.server_id = server.id
        AND known.seq > 0
        AND known.placed_at <= :moment
        AND (:known_at IS NULL OR known.received_at <= :known_at)
      ORDER BY known.placed_at DESC, known.seq DESC
      LIMIT 1
    ), 0)
)

-- fragment: retired_servers
-- The servers that were retired at :moment, as it was known at :known_at.
SELECT retirement.server_id FROM retirement
WHERE retirement.at <= :moment
  AND (:known_at IS NULL OR retirement.at <= :known_at)
  AND retirement.after_report_id >= coalesce((
    SELECT known.id FROM report AS known
    WHERE known.server_id = retirement.server_id
      AND known.seq > 0
      AND known.placed_at <= :moment
      AND (:known_at IS NULL OR known.received_at <= :known_at)
    ORDER BY known.placed_at DESC, known.seq DESC
    LIMIT 1
  ), 0)

-- fragment: had_reported
-- Condition on server: it had reported by :moment, as it was known at :known_at.
EXISTS (
  SELECT 1 FROM report
  WHERE report.server_id = server.id
    AND report.seq > 0
    AND report.placed_at <= :moment
    AND (:known_at IS NULL OR report.received_at <= :known_at)
)

-- fragment: shown_at_moment
-- The number of the record in order that is shown of a server at :moment.
(
  SELECT known.seq FROM report AS known
  WHERE known.server_id = server.id
    AND known.seq > 0
    AND known.placed_at <= :moment
    AND (:known_at IS NULL OR known.received_at <= :known_at)
  ORDER BY known.placed_at DESC, known.seq DESC
  LIMIT 1
)

-- fragment: place_at_moment
-- The place of that record.
(
  SELECT known.placed_at FROM report AS known
  WHERE known.server_id = server.id
    AND known.seq > 0
    AND known.placed_at <= :moment
    AND (:known_at IS NULL OR known.received_at <= :known_at)
  ORDER BY known.placed_at DESC, known.seq DESC
  LIMIT 1
)

-- fragment: next_place
-- The place of the next record in order; null where none was known, so the moment is open.
(
  SELECT CASE WHEN :known_at IS NULL OR later.received_at <= :known_at THEN later.placed_at END
  FROM report AS later
  WHERE later.server_id = server.id AND later.seq > 0 AND later.placed_at > :moment
  ORDER BY later.placed_at, later.seq
  LIMIT 1
)

-- fragment: first_late
-- The time of the first late record from the place of the record shown on.
(
  SELECT late.taken_at FROM report AS late
  WHERE late.server_id = server.id
    AND late.seq < 0
    AND late.taken_at >= shown.placed_at
    AND (:known_at IS NULL OR late.received_at <= :known_at)
  ORDER BY late.taken_at
  LIMIT 1
)

-- fragment: last_event
-- The last event that judged a server. At a moment of the past (:moment is then not the end of
-- time), the record that is shown of it.
CASE
  WHEN :moment < 9223372036854775807 THEN shown.id
  WHEN judged.tag_at IS NULL THEN judged.event_report_id
END,
CASE WHEN :moment = 9223372036854775807 THEN coalesce(judged.tag_at, judged.event_at)
ELSE shown.placed_at END,
CASE WHEN :moment = 9223372036854775807
THEN coalesce(judged.tag_received_at, judged.event_received_at)
ELSE shown.received_at END,
CASE WHEN :moment = 9223372036854775807 THEN coalesce(judged.tag_mark, judged.event_mark)
ELSE shown.clock END

-- fragment: last_event_sources
-- The tables of these columns, beside `newest`, a report of the server.
LEFT JOIN judged ON judged.server_id = newest.server_id
LEFT JOIN report AS shown
  ON :moment < 9223372036854775807
  AND shown.id = (
    SELECT known.id FROM report AS known
    WHERE known.server_id = newest.server_id
      AND known.seq > 0
      AND known.seq <= judged.seq
      AND known.placed_at <= :moment
      AND (:known_at IS NULL OR known.received_at <= :known_at)
    ORDER BY known.placed_at DESC, known.seq DESC
    LIMIT 1
  )

-- name: places_until
-- Places of the last records in order of this server up to :moment, the latest first, each with its
-- arrival and that of the very first record.
SELECT
  known.placed_at, known.received_at,
  -- include: first_arrival
  AS first_arrival_at
FROM report AS known
WHERE known.server_id = :server_id
  AND known.seq > 0
  AND known.placed_at <= :moment
  AND (:known_at IS NULL OR known.received_at <= :known_at)
ORDER BY known.placed_at DESC, known.seq DESC
LIMIT :limit;

-- name: last_arrival_until
-- When the last report in order of this server arrived up to :known_at.
SELECT known.received_at FROM report AS known
WHERE known.server_id = :server_id
  AND known.seq > 0
  AND known.placed_at <= :moment
  AND (:known_at IS NULL OR known.received_at <= :known_at)
ORDER BY known.placed_at DESC, known.seq DESC
LIMIT 1;

-- name: places_at
-- Servers :first to :last, each with the place of the record that is shown of it at :moment.
SELECT
  server.id,
  -- include: place_at_moment
  AS placed_at
FROM server
WHERE server.id BETWEEN :first AND :last
ORDER BY server.id;

-- name: servers_with_late_records
-- Servers :first to :last that ever sent a late report. Steps from one to the next.
WITH RECURSIVE late_server (id) AS (
  SELECT (
    SELECT late.server_id FROM report AS late
    WHERE late.seq < 0
      AND late.server_id >= :first
      AND late.server_id <= :last
      AND late.taken_at >= 0  -- for the index of late reports
    ORDER BY late.server_id, late.taken_at
    LIMIT 1
  )
  UNION ALL
  SELECT (
    SELECT late.server_id FROM report AS late
    WHERE late.seq < 0
      AND late.server_id > late_server.id
      AND late.server_id <= :last
      AND late.taken_at >= 0
    ORDER BY late.server_id, late.taken_at
    LIMIT 1
  )
  FROM late_server
  WHERE late_server.id IS NOT NULL
)
SELECT id FROM late_server WHERE id IS NOT NULL ORDER BY id;

-- name: late_records
-- Late records of this server whose times lie between the record shown and the next.
SELECT server.id, late.id, late.taken_at, late.received_at
FROM server
CROSS JOIN report AS late ON late.server_id = server.id AND late.seq < 0
WHERE server.id = :server_id
  AND late.taken_at >= coalesce(
    -- include: place_at_moment
    ,
    0
  )
  AND late.taken_at < coalesce(
    -- include: next_place
    ,
    9223372036854775807
  )
  AND (:known_at IS NULL OR late.received_at <= :known_at)
ORDER BY late.taken_at, late.id;

-- fragment: newest_place
-- The place of the newest record of all servers. What is told from now on is not told before it, also
-- where the clock of the service was set back.
coalesce((
  SELECT max((
    SELECT newest.placed_at FROM report AS newest
    WHERE newest.server_id = server.id AND newest.seq > 0
    ORDER BY newest.seq DESC
    LIMIT 1
  ))
  FROM server
), 0)
