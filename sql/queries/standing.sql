-- name: repeated_message
-- The first of the repetitions of a message: its number, its title, and when it was made.
SELECT id, title, made_at FROM message
WHERE receiver = :receiver AND digest = :digest
ORDER BY id
LIMIT 1;

-- name: standing_of_key
-- What goes on of the key of a violation, by any text of its rule, or how it ended last.
SELECT latest.opened_in_at, latest.confirmed_at IS NOT NULL, latest.ended_at, latest.ended_as,
  EXISTS (
    SELECT 1 FROM verdict_span
    WHERE verdict_span.server_id = latest.server_id AND verdict_span.text_id = latest.text_id
      AND verdict_span.until_at IS NULL AND verdict_span.state = 'desconocido'
  )
FROM violation
JOIN policy_text AS told_by ON told_by.id = violation.text_id
JOIN policy_text ON policy_text.rule = told_by.rule
JOIN violation AS latest
  ON latest.text_id = policy_text.id AND latest.server_id = violation.server_id
  AND latest.key = violation.key AND latest.kind = violation.kind
WHERE violation.digest = :digest
ORDER BY latest.ended_at IS NOT NULL, latest.id DESC
LIMIT 1;

-- name: standing_of_event
-- The same of what happens to a server itself, or to the evaluator.
SELECT latest.since_at, 1, latest.ended_at, latest.ended_as, 0
FROM server_event
JOIN server_event AS latest ON latest.subject = server_event.subject
WHERE server_event.digest = :digest
ORDER BY latest.ended_at IS NOT NULL, latest.id DESC
LIMIT 1;
