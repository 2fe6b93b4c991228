-- fragment: severity_then
-- The severity that the rule of policy_text had at :words_at.
coalesce(
  (
    SELECT policy_change.severity FROM policy_change
    WHERE policy_change.rule = policy_text.rule AND policy_change.at <= :words_at
    ORDER BY policy_change.at DESC, policy_change.id DESC
    LIMIT 1
  ),
  policy.severity
)

-- fragment: controls_then
-- The controls that the rule of policy_text named at :words_at.
coalesce(
  (
    SELECT policy_change.controls FROM policy_change
    WHERE policy_change.rule = policy_text.rule AND policy_change.at <= :words_at
    ORDER BY policy_change.at DESC, policy_change.id DESC
    LIMIT 1
  ),
  policy.controls
)

-- fragment: violation_columns
-- What is shown of a violation: see ViolationRow.
violation.id, violation.digest, policy_text.rule, policy_text.version, policy_text.hash,
policy_text.command_lines,
violation.server_id, profile.ipaddress, profile.nombre_host, marked.id_clonado,
violation.kind, violation.key, violation.total, violation.evidence,
violation.motive_es, violation.motive_en,
(
  SELECT count(*) FROM relapse_gap
  WHERE relapse_gap.violation_id = violation.id
    AND relapse_gap.back_at <= :moment
    AND (:known_at IS NULL OR relapse_gap.back_received_at <= :known_at)
) AS relapses,
violation.is_late, violation.former_digest, violation.continues_digest,
violation.case_since_at, violation.grace_until_at, violation.ended_as, violation.ended_known_at,
coalesce(
  (
    SELECT now.reason FROM verdict_span AS now
    WHERE now.server_id = violation.server_id
      AND now.text_id = violation.text_id
      AND now.until_at IS NULL
      AND now.first_at <= :moment
      AND (:known_at IS NULL OR now.first_received_at <= :known_at)
  ),
  (
    SELECT over.reason FROM verdict_span AS over INDEXED BY verdict_span_by_server
    WHERE over.server_id = violation.server_id
      AND over.text_id = violation.text_id
      AND over.until_received_at > :ended_after
      AND over.first_at <= :moment
      AND (:known_at IS NULL OR over.first_received_at <= :known_at)
      AND (
        over.until_at > :moment
        OR (:known_at IS NOT NULL AND over.until_received_at > :known_at)
      )
    ORDER BY over.id DESC
    LIMIT 1
  )
) AS unknown_because,
gap.seen_report_id, gap.seen_at, gap.seen_received_at, gap.seen_mark,
violation.opened_after_report_id, violation.opened_after_at,
violation.opened_after_received_at, violation.opened_after_mark,
violation.opened_in_report_id, violation.opened_in_at,
violation.opened_in_received_at, violation.opened_in_mark,
violation.confirmed_report_id, violation.confirmed_at,
violation.confirmed_received_at, violation.confirmed_mark,
violation.seen_report_id, violation.seen_at, violation.seen_received_at, violation.seen_mark,
violation.ended_report_id, violation.ended_at,
violation.ended_received_at, violation.ended_mark

-- fragment: violation_sources
-- The tables of these columns.
violation
JOIN policy_text ON policy_text.id = violation.text_id
LEFT JOIN policy ON policy.rule = policy_text.rule
JOIN report AS newest
  ON newest.server_id = violation.server_id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = violation.server_id)
JOIN profile ON profile.id = newest.profile_id
JOIN servers AS marked ON marked.id_serv = newest.id
LEFT JOIN relapse_gap AS gap
  ON gap.violation_id = violation.id
  AND gap.cleared_at = (
    SELECT max(missed.cleared_at) FROM relapse_gap AS missed
    WHERE missed.violation_id = violation.id
      AND missed.cleared_at <= :moment
      AND (:known_at IS NULL OR missed.cleared_received_at <= :known_at)
      AND (
        missed.back_at > :moment
        OR (:known_at IS NOT NULL AND missed.back_received_at > :known_at)
      )
  )

-- fragment: is_open_at
-- Condition on violation: it went on at :moment, as it was known at :known_at.
(
  violation.ended_at IS NULL
  OR violation.ended_at > :moment
  OR (:known_at IS NOT NULL AND violation.ended_known_at > :known_at)
)

-- fragment: violation_is_asked_for
-- Condition on violation: what all lists of violations have in common.
violation.opened_in_at <= :moment
AND (:known_at IS NULL OR violation.opened_in_received_at <= :known_at)
AND (:until IS NULL OR violation.opened_in_at < :until)
AND (
  :since IS NULL
  OR violation.ended_at IS NULL
  OR violation.ended_at >= :since
  OR (:known_at IS NOT NULL AND violation.ended_known_at > :known_at)
)

-- name: late_sightings
-- Late reports that show these violations, in the order of their places.
WITH wanted (violation_id) AS (VALUES (:violation_id))
SELECT late_sighting.violation_id, late_sighting.report_id, late_sighting.at,
  late_sighting.received_at
FROM wanted
JOIN late_sighting ON late_sighting.violation_id = wanted.violation_id
ORDER BY late_sighting.violation_id, late_sighting.at, late_sighting.report_id;

-- name: violations
-- Violations, the newest first. :is_open is 1 for those that go on, 0 for the others, else null.
SELECT
  -- include: severity_then
  ,
  -- include: violation_columns
  ,
  -- include: last_event
FROM
  -- include: violation_sources
  -- include: last_event_sources
WHERE violation.id < :before
  AND (
    -- include: violation_is_asked_for
  )
  AND (:is_open IS NULL OR :is_open = CASE WHEN
    -- include: is_open_at
    THEN 1 ELSE 0 END)
  AND (:tag_key IS NULL OR violation.server_id IN (
    -- include: bearers_of_tag
  ))
  AND (:severity IS NULL OR :severity =
    -- include: severity_then
  )
  AND (:controls_like IS NULL OR
    -- include: controls_then
    LIKE :controls_like)
ORDER BY violation.id DESC
LIMIT :limit;

-- name: violation_of_digest
-- The violation with this digest, by which the world names it.
SELECT
  -- include: severity_then
  ,
  -- include: violation_columns
  ,
  -- include: last_event
FROM
  -- include: violation_sources
  -- include: last_event_sources
WHERE violation.digest = :digest;

-- name: violations_of_server
-- Violations of a server, the newest first. :is_open as in violations.
SELECT
  -- include: severity_then
  ,
  -- include: violation_columns
  ,
  -- include: last_event
FROM
  -- include: violation_sources
  -- include: last_event_sources
WHERE violation.server_id = :server_id
  AND violation.id < :before
  AND (:rule IS NULL OR policy_text.rule = :rule)
  AND (
    -- include: violation_is_asked_for
  )
  AND (:is_open IS NULL OR :is_open = CASE WHEN
    -- include: is_open_at
    THEN 1 ELSE 0 END)
  AND (:tag_key IS NULL OR violation.server_id IN (
    -- include: bearers_of_tag
  ))
  AND (:severity IS NULL OR :severity =
    -- include: severity_then
  )
  AND (:controls_like IS NULL OR
    -- include: controls_then
    LIKE :controls_like)
ORDER BY violation.id DESC
LIMIT :limit;

-- name: violations_of_rule
-- Violations of a rule, of all its texts, the newest first. :is_open as in violations.
SELECT
  -- include: severity_then
  ,
  -- include: violation_columns
  ,
  -- include: last_event
FROM
  -- include: violation_sources
  -- include: last_event_sources
WHERE violation.id IN (
  SELECT violation.id
  FROM violation
  JOIN policy_text ON policy_text.id = violation.text_id
  LEFT JOIN policy ON policy.rule = policy_text.rule
  WHERE violation.text_id IN (SELECT known.id FROM policy_text AS known WHERE known.rule = :rule)
    AND violation.id < :before
    AND (
      -- include: violation_is_asked_for
    )
    AND (:is_open IS NULL OR :is_open = CASE WHEN
      -- include: is_open_at
      THEN 1 ELSE 0 END)
    AND (:tag_key IS NULL OR violation.server_id IN (
      -- include: bearers_of_tag
    ))
    AND (:severity IS NULL OR :severity =
      -- include: severity_then
    )
    AND (:controls_like IS NULL OR
      -- include: controls_then
      LIKE :controls_like)
  ORDER BY violation.id DESC
  LIMIT :limit
)
ORDER BY violation.id DESC;

-- name: violations_going_on
-- Violations that went on at :moment, the newest first. :ended_after is a little before it.
SELECT
  -- include: severity_then
  ,
  -- include: violation_columns
  ,
  -- include: last_event
FROM
  -- include: violation_sources
  -- include: last_event_sources
WHERE violation.id IN (
    SELECT going_on.id FROM violation AS going_on WHERE going_on.ended_at IS NULL
    UNION ALL
    SELECT ended.id FROM violation AS ended
    WHERE ended.ended_at IS NOT NULL AND ended.ended_known_at > :ended_after
  )
  AND violation.id < :before
  AND (
    -- include: violation_is_asked_for
  )
  AND
    -- include: is_open_at
  AND (:tag_key IS NULL OR violation.server_id IN (
    -- include: bearers_of_tag
  ))
  AND (:severity IS NULL OR :severity =
    -- include: severity_then
  )
  AND (:controls_like IS NULL OR
    -- include: controls_then
    LIKE :controls_like)
ORDER BY violation.id DESC
LIMIT :limit;

-- name: open_violation_counts
-- How many violations went on at :moment, by rule and server.
SELECT policy_text.rule, violation.server_id, count(*)
FROM violation
JOIN policy_text ON policy_text.id = violation.text_id
WHERE violation.id IN (
    SELECT going_on.id FROM violation AS going_on WHERE going_on.ended_at IS NULL
    UNION ALL
    SELECT ended.id FROM violation AS ended
    WHERE ended.ended_at IS NOT NULL AND ended.ended_known_at > :ended_after
  )
  AND violation.opened_in_at <= :moment
  AND (:known_at IS NULL OR violation.opened_in_received_at <= :known_at)
  AND
    -- include: is_open_at
  AND (:tag_key IS NULL OR violation.server_id IN (
    -- include: bearers_of_tag
  ))
GROUP BY policy_text.rule, violation.server_id
ORDER BY policy_text.rule, violation.server_id;
