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
  violation.digest, violation.server_id, violation.text_id, violation.kind, violation.key,
  violation.opened_after_report_id, violation.opened_after_at,
  violation.opened_after_received_at, violation.opened_after_mark,
  violation.opened_in_report_id, violation.opened_in_at, violation.opened_in_received_at,
  violation.opened_in_mark, violation.confirmed_report_id, violation.confirmed_at,
  violation.confirmed_received_at, violation.confirmed_mark, violation.seen_report_id,
  violation.seen_at, violation.seen_received_at, violation.seen_mark,
  violation.cleared_report_id, violation.cleared_at, violation.cleared_received_at,
  violation.cleared_mark, violation.ended_report_id, violation.ended_at,
  violation.ended_received_at, violation.ended_mark, violation.ended_as,
  violation.ended_known_at, violation.relapses, violation.is_late, violation.continues_digest,
  violation.case_digest, violation.case_since_at, violation.grace_until_at, violation.yes_count,
  violation.yes_time, violation.yes_report_at, violation.no_count, violation.no_time,
  violation.no_report_at, violation.is_pending, violation.total, violation.evidence,
  violation.motive_es, violation.motive_en
FROM policy_text
JOIN violation
  ON violation.text_id = policy_text.id
  AND violation.server_id = :server_id
  AND violation.key = :key
  AND violation.kind = :kind
WHERE policy_text.rule = :rule
ORDER BY violation.id DESC
LIMIT :limit;
