-- name: notice_of_digest
-- The number of the notice with this digest.
SELECT id FROM notice WHERE digest = :digest;

-- name: held_cases
-- The cases of which a receiver was told this.
SELECT case_digest FROM told WHERE receiver = :receiver AND state = :state;

-- name: untried_openings
-- Messages that something is open, or was, which wait and were not tried.
SELECT message.id, message.kind, message.case_digest, message.subject,
  policy_text.rule, violation.server_id, violation.kind, violation.key
FROM message
JOIN notice ON notice.id = message.notice_id
JOIN violation ON violation.digest = notice.violation_digest
JOIN policy_text ON policy_text.id = violation.text_id
WHERE message.receiver = :receiver
  AND message.state = 'esperando'
  AND message.digest_id IS NULL
  AND message.attempts = 0
  AND message.again_of IS NULL
  AND message.kind IN ('abierta', 'inestable', 'abierta_y_resuelta')
ORDER BY message.id;
