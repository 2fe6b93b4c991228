-- name: feed_openings
-- The latest violations that were told as open, by when: confirmed, and past the grace of a new server.
SELECT recent.id, recent.server_id, max(
  CASE WHEN recent.is_late = 1 THEN recent.opened_in_received_at ELSE recent.confirmed_received_at END,
  coalesce(recent.grace_until_at, 0)
) AS told_at
FROM (
  SELECT violation.id, violation.server_id, violation.is_late, violation.opened_in_received_at,
    violation.confirmed_received_at, violation.grace_until_at, violation.ended_known_at,
    violation.continues_digest
  FROM violation
  ORDER BY violation.id DESC
  LIMIT :limit
) AS recent
WHERE (recent.confirmed_received_at IS NOT NULL OR recent.is_late = 1)
  AND recent.continues_digest IS NULL
  AND (
    recent.grace_until_at IS NULL
    OR (
      recent.grace_until_at <= :now
      AND (recent.ended_known_at IS NULL OR recent.ended_known_at > recent.grace_until_at)
    )
  );

-- name: feed_ends
-- The latest ends of violations that were told as open.
SELECT recent.id, recent.server_id, recent.ended_known_at
FROM (
  SELECT violation.id, violation.server_id, violation.is_late, violation.confirmed_at,
    violation.grace_until_at, violation.ended_known_at
  FROM violation
  WHERE violation.ended_at IS NOT NULL
  ORDER BY violation.ended_known_at DESC
  LIMIT :limit
) AS recent
WHERE recent.confirmed_at IS NOT NULL
  AND recent.is_late = 0
  AND recent.ended_known_at > coalesce(recent.grace_until_at, 0);

-- name: feed_violations
-- Some violations, each with its rule and how messages name its server.
WITH wanted (violation_id) AS (VALUES (:violation_id))
SELECT policy_text.rule, policy_text.command_lines, policy_text.source,
  coalesce(policy.severity, 'alta'), server.identity, server.sibling, profile.ipaddress,
  profile.nombre_host, violation.id,
  -- include: stored_violation
FROM wanted
JOIN violation ON violation.id = wanted.violation_id
JOIN policy_text ON policy_text.id = violation.text_id
LEFT JOIN policy ON policy.rule = policy_text.rule
JOIN server ON server.id = violation.server_id
JOIN report
  ON report.server_id = server.id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = report.profile_id;

-- name: feed_events
-- The latest that happened to servers themselves, and to the evaluator.
SELECT
  -- include: server_event_columns
  , server.identity, server.sibling, profile.ipaddress, profile.nombre_host
FROM server_event
LEFT JOIN server ON server.id = server_event.server_id
LEFT JOIN report
  ON report.server_id = server.id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
LEFT JOIN profile ON profile.id = report.profile_id
ORDER BY server_event.id DESC
LIMIT :limit;

-- name: first_identity
-- What tells this fleet from others: its first server.
SELECT identity FROM server ORDER BY id LIMIT 1;
