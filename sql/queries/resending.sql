-- name: message_to_repeat
-- A message that may be sent again: its receiver, its state, the id of the first of its repetitions,
-- the repetition that waits, and whether the file names its receiver.
SELECT message.receiver, message.state, coalesce(message.again_of, message.digest),
  (
    SELECT min(waiting.id) FROM message AS waiting
    WHERE waiting.receiver = message.receiver AND waiting.state = 'esperando'
      AND waiting.again_of = coalesce(message.again_of, message.digest)
  ),
  receiver.place IS NOT NULL
FROM message
LEFT JOIN receiver ON receiver.name = message.receiver
WHERE message.id = :id;

-- name: repeat_message
-- A message that says again what another one said, and what is so now. It has no subject: it waits
-- for nobody.
INSERT INTO message (
  receiver, digest, kind, notice_id, again_of, made_at, not_before, attempts, next_at, state
)
SELECT receiver, :digest, kind, notice_id, :again_of, :now, :now, 0, 0, 'esperando'
FROM message
WHERE id = :id
RETURNING id;
