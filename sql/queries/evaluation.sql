-- name: verdicts_now
-- The verdict of every rule in force on every server that it was judged on and that is not retired, and
-- how it can be told.
SELECT
  judgement.server_id, server.identity, server.sibling, policy.rule, policy.severity,
  coalesce(span.state, CASE WHEN count(violation.id) > 0 THEN 'falla' ELSE 'cumple' END) AS state,
  span.reason, span.detail
FROM judgement
JOIN policy ON policy.text_id = judgement.text_id AND policy.retired_at IS NULL
JOIN server ON server.id = judgement.server_id
LEFT JOIN verdict_span AS span
  ON span.server_id = judgement.server_id
  AND span.text_id = judgement.text_id
  AND span.until_at IS NULL
LEFT JOIN violation
  ON violation.server_id = judgement.server_id
  AND violation.text_id = judgement.text_id
  AND violation.ended_at IS NULL
  AND violation.cleared_at IS NULL
WHERE judgement.until_at IS NULL
  AND policy.missing_since IS NULL
  AND NOT
  -- include: is_retired
GROUP BY judgement.server_id, judgement.text_id
ORDER BY policy.rule, judgement.server_id;

-- name: open_violations
-- Every violation that is open now, those of silent servers included, not those of retired ones, and
-- whether its rule reads command lines.
SELECT
  violation.server_id, policy.rule, policy.severity, lower(hex(violation.digest)), violation.key,
  violation.opened_after_at, violation.opened_in_at, violation.confirmed_at,
  violation.grace_until_at,
  coalesce(violation.motive_es, violation.motive_en),
  coalesce(violation.motive_en, violation.motive_es),
  violation.kind, policy_text.command_lines
FROM violation
JOIN policy ON policy.text_id = violation.text_id
JOIN policy_text ON policy_text.id = violation.text_id
JOIN server ON server.id = violation.server_id
WHERE violation.ended_at IS NULL
  AND NOT
  -- include: is_retired
ORDER BY policy.rule, violation.server_id, violation.id;

-- name: broken_files_of_rules
-- What the last look at the folders of rules refused, and rules that are not judged because their
-- files are gone.
SELECT path, line, reason FROM policy_fault
UNION ALL
SELECT rule || '.sql', NULL, 'is gone: the rule is not judged, and is retired a day later'
FROM policy
WHERE missing_since IS NOT NULL AND retired_at IS NULL
ORDER BY 1, 2;

-- name: rules_in_force
-- Every rule that judges, with the file that its words stand in.
SELECT
  policy.rule, policy_text.hash, policy_text.version, policy.severity, policy.controls, policy.source
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id
WHERE policy.retired_at IS NULL AND policy.missing_since IS NULL
ORDER BY policy.rule;

-- name: servers_in_service
-- Every server that is not retired, as its newest report has it, and when that arrived.
SELECT
  server.id, server.identity, server.sibling, profile.ipaddress, profile.nombre_host,
  newest.received_at
FROM server
JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = newest.profile_id
WHERE NOT
  -- include: is_retired
ORDER BY server.id;
