-- fragment: judges_in_period
-- Condition on judgement: its text judged the server between :since and :until.
judgement.since_at < :until
AND (:known_at IS NULL OR judgement.since_received_at <= :known_at)
AND (
  judgement.until_at IS NULL
  OR judgement.until_at > :since
  OR (:known_at IS NOT NULL AND judgement.until_received_at > :known_at)
)

-- name: period_judgements
-- From when to when each text judged servers :first to :last; of those at a time the last holds.
SELECT
  judgement.server_id, judgement.text_id, judgement.since_at,
  CASE
    WHEN :known_at IS NULL OR judgement.until_received_at <= :known_at THEN judgement.until_at
  END
FROM judgement
WHERE judgement.server_id BETWEEN :first AND :last
  AND
  -- include: judges_in_period
  AND (
    :rule IS NULL
    OR judgement.text_id IN (SELECT asked.id FROM policy_text AS asked WHERE asked.rule = :rule)
  )
ORDER BY judgement.server_id, judgement.since_at, judgement.id;

-- name: period_spans
-- The spans of verdicts of all rules, as they were judged. :ended_after is a little before :since.
SELECT span.server_id, span.text_id, span.id, span.state, span.reason, span.first_at, NULL
FROM verdict_span AS span
WHERE span.until_at IS NULL
  AND span.server_id BETWEEN :first AND :last
  AND span.first_at < :until
  AND (:known_at IS NULL OR span.first_received_at <= :known_at)
UNION ALL
SELECT
  span.server_id, span.text_id, span.id, span.state, span.reason, span.first_at,
  CASE
    WHEN :known_at IS NULL OR span.until_received_at <= :known_at THEN span.until_at
  END
FROM (
  SELECT DISTINCT judgement.server_id, judgement.text_id
  FROM judgement
  WHERE judgement.server_id BETWEEN :first AND :last
    AND
    -- include: judges_in_period
) AS judging
CROSS JOIN verdict_span AS span INDEXED BY verdict_span_by_server
  ON span.server_id = judging.server_id
  AND span.text_id = judging.text_id
  AND span.until_received_at > :ended_after
WHERE span.until_at IS NOT NULL
  AND span.first_at < :until
  AND (:known_at IS NULL OR span.first_received_at <= :known_at)
ORDER BY 3;

-- name: period_violations
-- The violations that went on then on servers :first to :last, by their openings.
SELECT
  violation.server_id, violation.text_id, violation.id, violation.is_late, violation.case_since_at,
  CASE
    WHEN :known_at IS NULL OR violation.cleared_received_at <= :known_at THEN violation.cleared_at
  END,
  CASE
    WHEN :known_at IS NULL OR violation.ended_received_at <= :known_at THEN violation.ended_at
  END,
  violation.opened_after_report_id, violation.opened_after_at,
  violation.opened_after_received_at, violation.opened_after_mark,
  violation.opened_in_report_id, violation.opened_in_at,
  violation.opened_in_received_at, violation.opened_in_mark
FROM violation
WHERE violation.server_id BETWEEN :first AND :last
  AND violation.opened_in_at < :until
  AND (:known_at IS NULL OR violation.opened_in_received_at <= :known_at)
  AND (
    violation.ended_at IS NULL
    OR violation.ended_at >= :since
    OR (:known_at IS NOT NULL AND violation.ended_known_at > :known_at)
  )
ORDER BY violation.opened_in_at, violation.id;

-- name: period_gaps
-- When these violations were not seen before they came back.
SELECT
  violation.id, gap.cleared_at,
  CASE WHEN :known_at IS NULL OR gap.back_received_at <= :known_at THEN gap.back_at END
FROM violation
CROSS JOIN relapse_gap AS gap ON gap.violation_id = violation.id
WHERE violation.server_id BETWEEN :first AND :last
  AND violation.opened_in_at < :until
  AND (violation.ended_at IS NULL OR violation.ended_at >= :since OR :known_at IS NOT NULL)
  AND gap.cleared_at < :until
  AND (:known_at IS NULL OR gap.cleared_received_at <= :known_at)
ORDER BY violation.id, gap.cleared_at;

-- name: period_late_sightings
-- How many late reports of that time show what was open on servers :first to :last, by rule.
SELECT violation.server_id, policy_text.rule, count(DISTINCT late_sighting.report_id)
FROM violation
CROSS JOIN policy_text ON policy_text.id = violation.text_id
CROSS JOIN late_sighting ON late_sighting.violation_id = violation.id
WHERE violation.server_id BETWEEN :first AND :last
  AND violation.opened_in_at < :until
  AND late_sighting.at >= :since
  AND late_sighting.at < :until
  AND (:known_at IS NULL OR late_sighting.received_at <= :known_at)
GROUP BY violation.server_id, policy_text.rule;
