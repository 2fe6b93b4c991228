-- name: verdict_groups
-- Of each server the texts that judge it at :moment ('juzga'), and those by verdict but a pass.
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
SELECT judgement.server_id, 'juzga' AS state, group_concat(judgement.text_id)
FROM judgement NOT INDEXED
WHERE
  -- include: judges_at
GROUP BY judgement.server_id
UNION ALL
SELECT span.server_id, span.state, group_concat(span.text_id)
FROM span
GROUP BY span.server_id, span.state
UNION ALL
SELECT failing.server_id, 'falla', group_concat(failing.text_id)
FROM failing
GROUP BY failing.server_id;

-- name: judging_texts
-- Texts that ever judged a server, with the severity and the controls of their rules at :words_at.
SELECT
  policy_text.id, policy_text.rule,
  -- include: severity_then
  ,
  -- include: controls_then
FROM policy_text
JOIN policy ON policy.rule = policy_text.rule
ORDER BY policy_text.id;

-- name: server_names
-- The newest address and host name of every server that had reported by :moment and was not retired.
SELECT server.id, profile.ipaddress, profile.nombre_host
FROM server
JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = newest.profile_id
WHERE
  -- include: had_reported
AND server.id NOT IN (
  -- include: retired_servers
)
AND (:tag_key IS NULL OR server.id IN (
  -- include: bearers_of_tag
))
ORDER BY server.id;
