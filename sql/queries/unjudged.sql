-- fragment: first_unjudged
-- The report of begun that arrived first of those that no rule has judged.
(
  SELECT waiting.id FROM report AS waiting
  WHERE waiting.server_id = begun.id AND waiting.seq > begun.seq AND waiting.seq > 0
  ORDER BY waiting.seq
  LIMIT 1
)

-- fragment: first_late_unjudged
-- The same of late reports.
(
  SELECT waiting.id FROM report AS waiting
  WHERE waiting.server_id = begun.id AND waiting.seq < begun.late_seq AND waiting.seq < 0
  ORDER BY waiting.seq DESC
  LIMIT 1
)

-- fragment: begun_servers
-- Each server, and the last report in order and late that needs no judging any more. Of those that
-- arrived before there were rules, the newest in order alone is judged.
(
  SELECT server.id, judged.seq, judged.late_seq
  FROM judged
  JOIN server ON server.id = judged.server_id
  UNION ALL
  SELECT
    server.id,
    coalesce((
      SELECT earlier.seq - 1 FROM report AS earlier
      WHERE earlier.server_id = server.id
        AND earlier.seq > 0
        AND earlier.received_at < (SELECT min(first_seen_at) FROM policy_text)
      ORDER BY earlier.seq DESC
      LIMIT 1
    ), 0) AS seq,
    coalesce((
      SELECT earlier.seq FROM report AS earlier
      WHERE earlier.server_id = server.id
        AND earlier.seq < 0
        AND earlier.received_at < (SELECT min(first_seen_at) FROM policy_text)
      ORDER BY earlier.seq
      LIMIT 1
    ), 0) AS late_seq
  FROM server
  WHERE NOT EXISTS (SELECT 1 FROM judged WHERE judged.server_id = server.id)
) AS begun

-- name: first_text_at
-- When there was a rule for the first time.
SELECT coalesce(min(first_seen_at), 0) FROM policy_text;

-- name: begin_of_server
-- Where to begin with a server: the last report in order and late that needs no judging.
SELECT begun.seq, begun.late_seq
FROM
-- include: begun_servers
WHERE begun.id = :server_id;

-- name: unjudged_servers
-- Each server with reports that no rule has judged, and the first of them in order and late.
SELECT server_id, in_order_id, late_id
FROM (
  SELECT
    begun.id AS server_id,
    -- include: first_unjudged
    AS in_order_id,
    -- include: first_late_unjudged
    AS late_id
  FROM
  -- include: begun_servers
)
WHERE in_order_id IS NOT NULL OR late_id IS NOT NULL
ORDER BY coalesce(min(in_order_id, late_id), in_order_id, late_id);

-- name: unjudged_of_servers
-- The same of some servers; and those of them that were never judged, with neither report.
WITH
  wanted (server_id) AS (VALUES (:server_id)),
  begun (id, seq, late_seq, was_judged) AS (
    SELECT wanted.server_id, judged.seq, judged.late_seq, judged.server_id IS NOT NULL
    FROM wanted
    LEFT JOIN judged ON judged.server_id = wanted.server_id
  )
SELECT server_id, in_order_id, late_id, was_judged
FROM (
  SELECT
    begun.id AS server_id,
    begun.was_judged,
    -- include: first_unjudged
    AS in_order_id,
    -- include: first_late_unjudged
    AS late_id
  FROM begun
)
WHERE in_order_id IS NOT NULL OR late_id IS NOT NULL OR NOT was_judged;

-- name: servers_since
-- Servers with reports above this number.
SELECT DISTINCT server_id FROM report WHERE id > :report_id;

-- name: last_report_id
-- The highest number of a report.
SELECT coalesce(max(id), 0) FROM report;

-- name: oldest_unjudged
-- How many servers have reports that no rule has judged, when the oldest of a server's arrived, and whose
-- it is. At most :limit servers, the one that has waited longest first.
SELECT count(*) OVER (), report.received_at, report.server_id
FROM (
  SELECT
    -- include: first_unjudged
    AS in_order_id,
    -- include: first_late_unjudged
    AS late_id
  FROM
  -- include: begun_servers
) AS waiting
JOIN report ON report.id = coalesce(
  min(waiting.in_order_id, waiting.late_id), waiting.in_order_id, waiting.late_id
)
ORDER BY report.received_at
LIMIT :limit;

-- name: oldest_unjudged_of_server
-- When the oldest report of this server arrived that no rule has judged; no row if all are judged.
SELECT report.received_at
FROM (
  SELECT
    -- include: first_unjudged
    AS in_order_id,
    -- include: first_late_unjudged
    AS late_id
  FROM
  -- include: begun_servers
  WHERE begun.id = :server_id
) AS waiting
JOIN report ON report.id = coalesce(
  min(waiting.in_order_id, waiting.late_id), waiting.in_order_id, waiting.late_id
);

-- name: is_fleet_unjudged
-- Whether a report arrived, a tag was told, a server fell silent or was retired or a text was taken up
-- until then, and no tick was judged since. Never, where no rule in force is about the fleet.
SELECT EXISTS (
  SELECT 1
  FROM policy
  JOIN policy_text ON policy_text.id = policy.text_id AND policy_text.is_fleet = 1
  WHERE policy.retired_at IS NULL AND policy.missing_since IS NULL
) AND coalesce((SELECT fleet_tick.at FROM fleet_tick), 0) < max(
  coalesce((
    SELECT newest.received_at FROM report AS newest
    WHERE newest.received_at <= :until
    ORDER BY newest.id DESC
    LIMIT 1
  ), 0),
  coalesce((
    SELECT max(policy.taken_up_at)
    FROM policy
    JOIN policy_text ON policy_text.id = policy.text_id AND policy_text.is_fleet = 1
    WHERE policy.retired_at IS NULL AND policy.missing_since IS NULL
  ), 0),
  coalesce((SELECT max(told_at) FROM tag_change WHERE told_at <= :until), 0),
  coalesce((SELECT max(at) FROM retirement WHERE at <= :until), 0),
  coalesce((
    SELECT max(judged.event_at) FROM judged
    WHERE judged.event_mark LIKE 'silencio %' AND judged.event_at <= :until
  ), 0)
);

-- name: newest_report_id
-- The number of the last report that arrived until then, when it did, of whom, and its digest.
SELECT id, received_at, server_id, digest FROM report WHERE received_at <= :until ORDER BY id DESC LIMIT 1;

-- name: report_to_judge
-- A report as an event: its number, its times, and the digest that hashes name it by.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report WHERE id = :report_id;

-- name: report_at_cursor
-- The report in order with this number of a server, as an event.
SELECT id, server_id, seq, placed_at, received_at, clock, digest FROM report
WHERE server_id = :server_id AND seq = :seq;

-- name: judged_before
-- The record in order that is shown of a server at a moment.
SELECT id, placed_at, received_at, clock FROM report
WHERE server_id = :server_id AND seq > 0 AND placed_at <= :moment
ORDER BY placed_at DESC
LIMIT 1;

-- name: judged_after
-- The record in order that follows it.
SELECT id, placed_at, received_at, clock FROM report
WHERE server_id = :server_id AND seq > 0 AND placed_at > :moment
ORDER BY placed_at
LIMIT 1;

-- name: judged_server
-- Who a server is, since when it is known, when it was heard, and its usual interval.
SELECT
  server.id, server.identity, server.sibling,
  coalesce((
    SELECT first_report.placed_at FROM report AS first_report
    WHERE first_report.server_id = server.id AND first_report.seq > 0
    ORDER BY first_report.seq
    LIMIT 1
  ), 0),
  coalesce(server.heard_at, 0), server.usual_interval
FROM server
WHERE server.id = :server_id;

-- name: places_until_report
-- The places of the last reports in order until this one, the newest first; when each arrived, and
-- the first of all.
SELECT report.placed_at, report.received_at, (
  SELECT first_report.received_at FROM report AS first_report
  WHERE first_report.server_id = :server_id AND first_report.seq > 0
  ORDER BY first_report.seq
  LIMIT 1
)
FROM report
WHERE report.server_id = :server_id AND report.seq > 0 AND report.seq <= :seq
ORDER BY report.seq DESC
LIMIT :limit;

-- name: servers_of_other_epochs
-- Servers that were judged by another set of texts than :epoch.
SELECT server_id FROM judged WHERE epoch <> :epoch AND seq > 0 ORDER BY server_id;

-- name: servers_to_fall_silent
-- Servers heard last before :heard_before whose rules were not judged in silence yet.
SELECT server.id
FROM judged
JOIN server ON server.id = judged.server_id
WHERE judged.seq > 0
  AND server.heard_at < :heard_before
  AND coalesce(judged.event_mark, '') NOT LIKE 'silencio %'
  AND coalesce(judged.event_mark, '') NOT LIKE 'baja %'
ORDER BY server.id;

-- name: servers_to_tick
-- Servers that were not judged at this whole hour, or this whole day, yet.
SELECT server_id FROM judged
WHERE seq > 0
  AND (coalesce(hour_at, 0) < :hour_at OR coalesce(day_at, 0) < :day_at)
  AND coalesce(event_mark, '') NOT LIKE 'baja %'
ORDER BY server_id;

-- name: servers_of_fleet
-- Servers heard since then, each with its newest record of those that arrived until then; not those that
-- were retired after it.
SELECT
  server.id, report.id, report.seq, report.placed_at, report.received_at, report.clock,
  report.digest
FROM server
CROSS JOIN report
  ON report.server_id = server.id
  AND report.seq = (
    SELECT newest.seq FROM report AS newest
    WHERE newest.server_id = server.id AND newest.seq > 0 AND newest.received_at <= :until
    ORDER BY newest.seq DESC
    LIMIT 1
  )
WHERE server.heard_at >= :heard_since
  AND NOT EXISTS (
    SELECT 1 FROM retirement
    WHERE retirement.server_id = server.id
      AND retirement.after_report_id >= report.id
      AND retirement.at <= :until
  )
ORDER BY server.id;
