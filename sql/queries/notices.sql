-- name: add_notice
-- Notes what happened to a violation, once.
INSERT INTO notice (
  digest, kind, violation_digest, case_digest, subject, rule, severity, at, due_at, made_at, document
)
VALUES (
  :digest, :kind, :violation_digest, :case_digest, :subject, :rule, :severity, :at, :due_at,
  :made_at, :document
)
ON CONFLICT (digest) DO NOTHING;

-- name: notice_server
-- How messages name a server: its identity, its address and its name in the newest report.
SELECT server.identity, server.sibling, profile.ipaddress, profile.nombre_host
FROM server
JOIN report
  ON report.server_id = server.id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = report.profile_id
WHERE server.id = :server_id;

-- name: violations_of_key
-- The newest violations of a key on a server, by all texts of a rule.
SELECT violation.id,
  -- include: stored_violation
FROM policy_text
JOIN violation
  ON violation.text_id = policy_text.id
  AND violation.server_id = :server_id
  AND violation.key = :key
  AND violation.kind = :kind
WHERE policy_text.rule = :rule
ORDER BY violation.id DESC
LIMIT :limit;
