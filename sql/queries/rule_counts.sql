-- fragment: texts_asked_for
-- The texts of :rule.
SELECT known.id FROM policy_text AS known WHERE known.rule = :rule

-- name: judged_counts
-- How many servers each rule judges at :moment; of one rule, or of all.
SELECT policy_text.rule, sum(counted.servers)
FROM (
  SELECT judgement.text_id, count(*) AS servers
  FROM judgement NOT INDEXED
  WHERE (:rule IS NULL OR judgement.text_id IN (
      -- include: texts_asked_for
    ))
    AND judgement.server_id NOT IN (
      -- include: retired_servers
    )
    AND (:tag_key IS NULL OR judgement.server_id IN (
      -- include: bearers_of_tag
    ))
    AND
    -- include: judges_at
  GROUP BY judgement.text_id
) AS counted
JOIN policy_text ON policy_text.id = counted.text_id
GROUP BY policy_text.rule;

-- name: verdict_counts
-- Servers by rule and verdict at :moment, but those that pass; of one rule, or of all.
WITH
  span AS (
    -- include: spans_going_on
  ),
  failing AS (
    SELECT DISTINCT violation.server_id, violation.text_id FROM violation
    WHERE
      -- include: may_show
      AND
      -- include: shows_at
  )
SELECT policy_text.rule, found.state, sum(found.servers)
FROM (
  SELECT span.text_id, span.state, count(*) AS servers
  FROM span
  JOIN judgement ON judgement.server_id = span.server_id AND judgement.text_id = span.text_id
  WHERE (:rule IS NULL OR span.text_id IN (
      -- include: texts_asked_for
    ))
    AND span.server_id NOT IN (
      -- include: retired_servers
    )
    AND (:tag_key IS NULL OR span.server_id IN (
      -- include: bearers_of_tag
    ))
    AND
    -- include: judges_at
  GROUP BY span.text_id, span.state
  UNION ALL
  SELECT failing.text_id, 'falla', count(*)
  FROM failing
  JOIN judgement
    ON judgement.server_id = failing.server_id AND judgement.text_id = failing.text_id
  WHERE (:rule IS NULL OR failing.text_id IN (
      -- include: texts_asked_for
    ))
    AND NOT EXISTS (
      SELECT 1 FROM span
      WHERE span.server_id = failing.server_id AND span.text_id = failing.text_id
    )
    AND failing.server_id NOT IN (
      -- include: retired_servers
    )
    AND (:tag_key IS NULL OR failing.server_id IN (
      -- include: bearers_of_tag
    ))
    AND
    -- include: judges_at
  GROUP BY failing.text_id
) AS found
JOIN policy_text ON policy_text.id = found.text_id
GROUP BY policy_text.rule, found.state;

-- name: servers_known_at
-- How many servers had reported by :moment and were not retired then.
SELECT count(*) FROM server
WHERE
  -- include: had_reported
AND server.id NOT IN (
  -- include: retired_servers
)
AND (:tag_key IS NULL OR server.id IN (
  -- include: bearers_of_tag
));
