-- fragment: listed_message
-- What is shown of a message: see MessageRow.
message.id, message.digest, message.receiver, message.kind, message.state, message.title,
notice.rule, notice.severity, notice.document, message.made_at,
max(message.not_before, message.next_at), message.attempts, message.tried_at, message.ended_at,
message.error, message.digest_id, message.again_of
FROM message
LEFT JOIN notice ON notice.id = message.notice_id

-- name: messages
-- Messages, the newest first.
SELECT
  -- include: listed_message
WHERE message.id < :before AND (:receiver IS NULL OR message.receiver = :receiver)
ORDER BY message.id DESC
LIMIT :limit;

-- name: messages_waiting
-- Messages that wait, the newest first.
SELECT
  -- include: listed_message
WHERE message.id < :before AND (:receiver IS NULL OR message.receiver = :receiver)
  AND message.state = 'esperando'
ORDER BY message.id DESC
LIMIT :limit;

-- name: messages_sent
-- Messages that their receiver took, the newest first.
SELECT
  -- include: listed_message
WHERE message.id < :before AND (:receiver IS NULL OR message.receiver = :receiver)
  AND message.state = 'enviado'
ORDER BY message.id DESC
LIMIT :limit;

-- name: messages_failed
-- Messages that were set aside, the newest first.
SELECT
  -- include: listed_message
WHERE message.id < :before AND (:receiver IS NULL OR message.receiver = :receiver)
  AND message.state = 'fallido'
ORDER BY message.id DESC
LIMIT :limit;

-- name: receivers_shown
-- Every receiver that was ever told: what waits, since when, and how much was set aside.
SELECT receiver.name, receiver.kind, receiver.place,
  (
    SELECT count(*) FROM message
    WHERE message.receiver = receiver.name AND message.state = 'esperando'
  ),
  (
    SELECT min(message.made_at) FROM message
    WHERE message.receiver = receiver.name AND message.state = 'esperando'
  ),
  (
    SELECT count(*) FROM message
    WHERE message.receiver = receiver.name AND message.state = 'fallido'
  ),
  receiver.sent_at, receiver.error, receiver.error_at, receiver.failures, receiver.paused_until
FROM receiver
ORDER BY receiver.name;

-- name: message_backlog
-- How many messages should have left by :now, since when, and how many were set aside; of receivers
-- that the file names.
SELECT count(*), min(max(message.not_before, message.made_at)), (
  SELECT count(*)
  FROM message AS failed
  JOIN receiver AS named ON named.name = failed.receiver
  WHERE failed.state = 'fallido' AND named.place IS NOT NULL
)
FROM message
JOIN receiver ON receiver.name = message.receiver
WHERE message.state = 'esperando' AND message.not_before <= :now AND receiver.place IS NOT NULL;
