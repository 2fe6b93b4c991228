-- fragment: verdict_columns
-- What is shown of a verdict: see VerdictRow.
judgement.server_id, policy_text.rule, policy_text.hash, policy_text.version,
profile.ipaddress, profile.nombre_host,
span.state, span.reason, span.detail,
found.case_since_at, found.grace_until_at,
EXISTS (
  SELECT 1 FROM report AS later
  WHERE later.server_id = judgement.server_id
    AND later.seq > 0
    AND later.placed_at > :moment
    AND (:known_at IS NULL OR later.received_at <= :known_at)
    AND later.seq <= (SELECT cursor.seq FROM judged AS cursor WHERE cursor.server_id = later.server_id)
    AND (policy_text.is_fleet = 0 OR later.received_at <= (SELECT fleet_tick.at FROM fleet_tick))
),
judgement.since_report_id, judgement.since_at, judgement.since_received_at, judgement.since_mark,
span.after_report_id, span.after_at, span.after_received_at, span.after_mark,
span.first_report_id, span.first_at, span.first_received_at, span.first_mark,
span.last_report_id, span.last_at, span.last_received_at, span.last_mark,
span.until_report_id, span.until_at, span.until_received_at, span.until_mark,
found.opened_after_report_id, found.opened_after_at,
found.opened_after_received_at, found.opened_after_mark,
found.opened_in_report_id, found.opened_in_at,
found.opened_in_received_at, found.opened_in_mark,
found.confirmed_report_id, found.confirmed_at,
found.confirmed_received_at, found.confirmed_mark,
found.seen_report_id, found.seen_at, found.seen_received_at, found.seen_mark,
found.cleared_report_id, found.cleared_at, found.cleared_received_at, found.cleared_mark,
found.ended_report_id, found.ended_at, found.ended_received_at, found.ended_mark,
gap.seen_report_id, gap.seen_at, gap.seen_received_at, gap.seen_mark,
gap.cleared_report_id, gap.cleared_at, gap.cleared_received_at, gap.cleared_mark

-- fragment: verdict_sources
-- Texts that judge a server at :moment; the span of verdicts that goes on then, else the last one;
-- and the violation that shows since when it fails, else the one that went on last. Where it was
-- not seen, and came back, that gap. :ended_after is a little before the moment. Spans overlap where
-- a spool tells of the time before an event: what was judged last holds.
judgement
JOIN policy_text ON policy_text.id = judgement.text_id
JOIN report AS newest
  ON newest.server_id = judgement.server_id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = judgement.server_id)
JOIN profile ON profile.id = newest.profile_id
LEFT JOIN verdict_span AS span ON span.id = coalesce(
  (
    SELECT going_on.id FROM verdict_span AS going_on
    WHERE going_on.server_id = judgement.server_id
      AND going_on.text_id = judgement.text_id
      AND going_on.until_at IS NULL
      AND going_on.first_at <= :moment
      AND (:known_at IS NULL OR going_on.first_received_at <= :known_at)
  ),
  (
    SELECT max(ended.id) FROM verdict_span AS ended INDEXED BY verdict_span_by_server
    WHERE ended.server_id = judgement.server_id
      AND ended.text_id = judgement.text_id
      AND ended.until_received_at > :ended_after
      AND ended.first_at <= :moment
      AND (:known_at IS NULL OR ended.first_received_at <= :known_at)
      AND (
        ended.until_at > :moment
        OR (:known_at IS NOT NULL AND ended.until_received_at > :known_at)
      )
  ),
  (
    SELECT last.id FROM verdict_span AS last
    WHERE last.server_id = judgement.server_id
      AND last.text_id = judgement.text_id
      AND last.until_at <= :moment
      AND (:known_at IS NULL OR last.until_received_at <= :known_at)
    ORDER BY last.until_received_at DESC
    LIMIT 1
  )
)
LEFT JOIN violation AS found ON found.id = (
  SELECT violation.id
  FROM violation
  LEFT JOIN relapse_gap AS gap
    ON gap.violation_id = violation.id
    AND gap.cleared_at <= :moment
    AND (:known_at IS NULL OR gap.cleared_received_at <= :known_at)
    AND (gap.back_at > :moment OR (:known_at IS NOT NULL AND gap.back_received_at > :known_at))
  WHERE violation.server_id = judgement.server_id
    AND violation.text_id = judgement.text_id
    AND violation.opened_in_at <= :moment
    AND violation.is_late = 0
    AND (:known_at IS NULL OR violation.opened_in_received_at <= :known_at)
  ORDER BY
    CASE
      WHEN (
        violation.cleared_at IS NULL
        OR violation.cleared_at > :moment
        OR (:known_at IS NOT NULL AND violation.cleared_received_at > :known_at)
      ) AND (
        violation.ended_at IS NULL
        OR violation.ended_at > :moment
        OR (:known_at IS NOT NULL AND violation.ended_received_at > :known_at)
      ) AND gap.violation_id IS NULL
      THEN violation.opened_in_at - 9223372036854775807
      ELSE -coalesce(gap.cleared_at, violation.cleared_at, violation.ended_at)
    END
  LIMIT 1
)
LEFT JOIN relapse_gap AS gap
  ON gap.violation_id = found.id
  AND gap.cleared_at <= :moment
  AND (:known_at IS NULL OR gap.cleared_received_at <= :known_at)
  AND (gap.back_at > :moment OR (:known_at IS NOT NULL AND gap.back_received_at > :known_at))

-- fragment: judges_at
-- Condition on judgement: its text judged the server at :moment.
judgement.since_at <= :moment
AND (:known_at IS NULL OR judgement.since_received_at <= :known_at)
AND (
  judgement.until_at IS NULL
  OR judgement.until_at > :moment
  OR (:known_at IS NOT NULL AND judgement.until_received_at > :known_at)
)

-- name: verdicts_of_server
-- What each rule says of this server at :moment.
SELECT
  -- include: verdict_columns
  ,
  -- include: last_event
FROM
  -- include: verdict_sources
  -- include: last_event_sources
WHERE judgement.server_id = :server_id
  AND (
    -- include: judges_at
  )
ORDER BY policy_text.rule, judgement.since_at DESC;

-- name: verdicts_of_rule
-- What this rule says of every server after :after at :moment, but for those retired then.
SELECT
  -- include: verdict_columns
  ,
  -- include: last_event
FROM
  -- include: verdict_sources
  -- include: last_event_sources
WHERE judgement.text_id IN (SELECT known.id FROM policy_text AS known WHERE known.rule = :rule)
  AND judgement.server_id > :after
  AND (:tag_key IS NULL OR judgement.server_id IN (
    -- include: bearers_of_tag
  ))
  AND judgement.server_id NOT IN (
    -- include: retired_servers
  )
  AND (
    -- include: judges_at
  )
ORDER BY judgement.server_id, judgement.since_at DESC;

-- fragment: spans_going_on
-- The spans of verdicts at :moment. :ended_after is a little before it.
SELECT now.server_id, now.text_id, now.state FROM verdict_span AS now
WHERE now.until_at IS NULL
  AND now.first_at <= :moment
  AND (:known_at IS NULL OR now.first_received_at <= :known_at)
UNION ALL
SELECT over.server_id, over.text_id, over.state
FROM (
  SELECT ended.server_id, ended.text_id, ended.state, max(ended.id)
  FROM verdict_span AS ended INDEXED BY verdict_span_by_end
  WHERE ended.until_at IS NOT NULL
    AND ended.until_received_at > :ended_after
    AND ended.first_at <= :moment
    AND (:known_at IS NULL OR ended.first_received_at <= :known_at)
    AND (
      ended.until_at > :moment
      OR (:known_at IS NOT NULL AND ended.until_received_at > :known_at)
    )
  GROUP BY ended.server_id, ended.text_id
) AS over
WHERE NOT EXISTS (
  SELECT 1 FROM verdict_span AS now
  WHERE now.server_id = over.server_id
    AND now.text_id = over.text_id
    AND now.until_at IS NULL
    AND now.first_at <= :moment
    AND (:known_at IS NULL OR now.first_received_at <= :known_at)
)

-- fragment: shows_at
-- Condition on violation, one that had opened by then: it shows at :moment.
violation.is_late = 0
AND (
  violation.cleared_at IS NULL
  OR violation.cleared_at > :moment
  OR (:known_at IS NOT NULL AND violation.cleared_received_at > :known_at)
)
AND (
  violation.ended_at IS NULL
  OR violation.ended_at > :moment
  OR (:known_at IS NOT NULL AND violation.ended_received_at > :known_at)
)
AND NOT EXISTS (
  SELECT 1 FROM relapse_gap AS gap
  WHERE gap.violation_id = violation.id
    AND gap.cleared_at <= :moment
    AND (:known_at IS NULL OR gap.cleared_received_at <= :known_at)
    AND (gap.back_at > :moment OR (:known_at IS NOT NULL AND gap.back_received_at > :known_at))
)

-- fragment: may_show
-- Condition on violation: it had opened at :moment. :ended_after is a little before it.
violation.id IN (
  SELECT going_on.id FROM violation AS going_on WHERE going_on.ended_at IS NULL
  UNION ALL
  SELECT ended.id FROM violation AS ended
  WHERE ended.ended_at IS NOT NULL AND ended.ended_known_at > :ended_after
)
AND violation.opened_in_at <= :moment
AND (:known_at IS NULL OR violation.opened_in_received_at <= :known_at)

-- name: first_judgements
-- From when on each rule has judged this server.
SELECT policy_text.rule, min(judgement.since_at)
FROM judgement
JOIN policy_text ON policy_text.id = judgement.text_id
WHERE judgement.server_id = :server_id
GROUP BY policy_text.rule;

-- name: policies
-- Every rule that is or was in force, with its text.
SELECT
  policy.rule, policy_text.hash, policy_text.version, policy.severity, policy.owner,
  policy_text.is_fleet, policy_text.is_shipped, policy_text.command_lines,
  policy.taken_up_at, policy.missing_since, policy.retired_at, policy.source, policy_text.source,
  policy.outside
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id
ORDER BY policy.rule;

-- name: policies_then
-- Rules that were changed after :at, with the text that was in force then, and what was so of them.
SELECT
  change.rule, policy_text.hash, policy_text.version, change.severity,
  policy_text.is_fleet, policy_text.is_shipped, policy_text.command_lines,
  (
    SELECT max(taken.at) FROM policy_change AS taken
    WHERE taken.rule = change.rule AND taken.kind = 'taken_up' AND taken.at <= :at
  ),
  CASE change.kind WHEN 'missing' THEN change.at END,
  CASE change.kind WHEN 'retired' THEN change.at END,
  policy_text.source
FROM policy_change AS change
JOIN policy_text ON policy_text.id = change.text_id
WHERE change.id = (
    SELECT last.id FROM policy_change AS last
    WHERE last.rule = change.rule AND last.at <= :at
    ORDER BY last.at DESC, last.id DESC
    LIMIT 1
  )
  AND EXISTS (
    SELECT 1 FROM policy_change AS later WHERE later.rule = change.rule AND later.at > :at
  );

-- name: policy_texts
-- The texts that this rule had, the newest first.
SELECT hash, version, first_seen_at FROM policy_text WHERE rule = :rule ORDER BY id DESC;

-- name: policy_text_of
-- The text that this rule had with this hash: its file, and what decided beside it.
SELECT source, outside FROM policy_text WHERE rule = :rule AND hash = :hash;

-- name: policy_faults
-- What the last look at the folders of rules refused.
SELECT path, line, reason FROM policy_fault ORDER BY path, line, id;
