-- name: receiver_state
-- What is known of a receiver.
SELECT name, notice_id, wants, digest_due, failures, paused_until, error, error_at, sent_at,
  kind, place, restored_at, beat_at, reminded_at
FROM receiver
WHERE name = :name;

-- name: receivers_known
-- What is known of all receivers.
SELECT name, notice_id, wants, digest_due, failures, paused_until, error, error_at, sent_at,
  kind, place, restored_at, beat_at, reminded_at
FROM receiver
ORDER BY name;

-- name: put_receiver
-- Replaces what is known of a receiver.
INSERT INTO receiver (
  name, notice_id, wants, digest_due, failures, paused_until, error, error_at, sent_at, kind, place,
  restored_at, beat_at, reminded_at
)
VALUES (
  :name, :notice_id, :wants, :digest_due, :failures, :paused_until, :error, :error_at, :sent_at,
  :kind, :place, :restored_at, :beat_at, :reminded_at
)
ON CONFLICT (name) DO UPDATE SET
  notice_id = excluded.notice_id, wants = excluded.wants, digest_due = excluded.digest_due,
  failures = excluded.failures, paused_until = excluded.paused_until, error = excluded.error,
  error_at = excluded.error_at, sent_at = excluded.sent_at, kind = excluded.kind,
  place = excluded.place, restored_at = excluded.restored_at,
  beat_at = excluded.beat_at, reminded_at = excluded.reminded_at;

-- name: leave_out_receiver
-- The file names a receiver no more; what is known of it stays.
UPDATE receiver SET place = NULL WHERE name = :name;

-- name: newest_notice
-- The number of the newest notice.
SELECT coalesce(max(id), 0) FROM notice;

-- name: oldest_notice
-- The number of the oldest notice that is kept.
SELECT coalesce(min(id), 0) FROM notice;

-- name: notices_after
-- Notices, in their order.
SELECT id, digest, kind, violation_digest, case_digest, subject, rule, severity, at, due_at
FROM notice
WHERE id > :id
ORDER BY id
LIMIT :limit;

-- name: notice_documents
-- What was so at some notices.
WITH wanted (id) AS (VALUES (:id))
SELECT notice.id, notice.kind, notice.violation_digest, notice.case_digest, notice.rule,
  notice.severity, notice.at, notice.document
FROM wanted
JOIN notice ON notice.id = wanted.id;

-- name: told_case
-- What a receiver was told of a case.
SELECT state FROM told WHERE receiver = :receiver AND case_digest = :case_digest;

-- name: told_unstable
-- Whether a receiver was told that a subject is unstable.
SELECT case_digest FROM told
WHERE receiver = :receiver AND subject = :subject AND state = 'inestable';

-- name: put_told
-- Notes what a receiver is told of a case.
INSERT INTO told (receiver, case_digest, subject, state, at)
VALUES (:receiver, :case_digest, :subject, :state, :at)
ON CONFLICT (receiver, case_digest) DO UPDATE SET
  subject = excluded.subject, state = excluded.state, at = excluded.at;

-- name: forget_told
-- A receiver was told that a case is over, or was not told of it after all.
DELETE FROM told WHERE receiver = :receiver AND case_digest = :case_digest;

-- name: add_message
-- Adds a message to what waits.
INSERT INTO message (
  receiver, digest, kind, notice_id, subject, case_digest, made_at, not_before, body, title,
  critical, attempts, next_at, state
)
VALUES (
  :receiver, :digest, :kind, :notice_id, :subject, :case_digest, :made_at, :not_before, :body,
  :title, :critical, 0, 0, 'esperando'
)
RETURNING id;

-- name: untried_message
-- The message of a case that waits, and was not tried.
SELECT id, notice_id
FROM message
WHERE receiver = :receiver AND subject = :subject AND case_digest = :case_digest
  AND kind = :kind AND state = 'esperando' AND attempts = 0 AND digest_id IS NULL
ORDER BY id DESC
LIMIT 1;

-- name: waiting_calm
-- The message that is to say what is so once a subject is stable.
SELECT id
FROM message
WHERE receiver = :receiver AND subject = :subject AND kind = 'calma' AND state = 'esperando';

-- name: change_message
-- Replaces what a message tells that was not tried.
UPDATE message SET
  digest = :digest, kind = :kind, notice_id = :notice_id, case_digest = :case_digest,
  not_before = :not_before
WHERE id = :id;

-- name: is_message_critical
-- Whether a message, or one that it carries, tells something critical; null if nothing says so.
SELECT max(coalesce(notice.severity = 'critica', message.critical))
FROM message
LEFT JOIN notice ON notice.id = message.notice_id
WHERE message.id = :id OR message.digest_id = :id;

-- name: delay_message
-- A message may not leave before.
UPDATE message SET not_before = :not_before WHERE id = :id;

-- name: drop_message
-- Removes a message of which nothing has to be told any more.
DELETE FROM message WHERE id = :id;

-- name: due_message
-- The first message that is due, none of whose subject waits before it.
SELECT id, digest, kind, notice_id, subject, case_digest, made_at, body, attempts, again_of
FROM message
WHERE receiver = :receiver AND state = 'esperando' AND digest_id IS NULL
  AND not_before <= :now AND next_at <= :now
  AND NOT EXISTS (
    SELECT 1 FROM message AS earlier
    WHERE earlier.receiver = message.receiver AND earlier.state = 'esperando'
      AND earlier.subject = message.subject AND earlier.id < message.id
  )
  AND NOT EXISTS (
    SELECT 1 FROM message AS entry
    JOIN message AS earlier
      ON earlier.receiver = entry.receiver AND earlier.state = 'esperando'
      AND earlier.subject = entry.subject AND earlier.id < entry.id
      AND earlier.digest_id IS NOT entry.digest_id
    WHERE entry.digest_id = message.id
  )
  AND NOT EXISTS (  -- of what is open: it stands for all that was so before
    SELECT 1 FROM message AS earlier
    WHERE earlier.receiver = message.receiver AND earlier.state = 'esperando'
      AND earlier.kind = 'resumen' AND earlier.id < message.id
  )
ORDER BY id
LIMIT 1;

-- name: untried_messages
-- Messages that are due and were not tried, with the rule and the time of what they tell.
SELECT message.id, message.notice_id, notice.rule, notice.at
FROM message
JOIN notice ON notice.id = message.notice_id
WHERE message.receiver = :receiver AND message.state = 'esperando'
  AND message.digest_id IS NULL AND message.attempts = 0 AND message.not_before <= :now
  AND message.kind <> 'calma' AND message.again_of IS NULL
ORDER BY message.id
LIMIT :limit;

-- name: messages_of_digest
-- What a digest carries: the notice of each message, and its kind.
SELECT notice_id, kind FROM message WHERE digest_id = :id AND notice_id IS NOT NULL ORDER BY id;

-- name: put_into_digest
-- A message is told with others.
UPDATE message SET digest_id = :digest_id WHERE id = :id;

-- name: sent_since
-- How many messages, and how many digests, a receiver took since then.
SELECT count(*), coalesce(sum(kind = 'acumulado'), 0)
FROM message
WHERE ended_at > :since AND receiver = :receiver AND state = 'enviado' AND digest_id IS NULL;

-- name: try_message
-- Notes that a message is about to be tried. Its body is that of the first try.
UPDATE message SET
  attempts = attempts + 1, tried_at = :now, body = coalesce(body, :body), kind = :kind,
  title = coalesce(title, :title)
WHERE id = :id;

-- name: put_off_message
-- A try failed, and there will be another one.
UPDATE message SET next_at = :next_at, error = :error WHERE id = :id;

-- name: end_message
-- A message, and what it carries, was taken by the receiver, or given up.
UPDATE message SET state = :state, error = :error, ended_at = :now
WHERE id = :id OR digest_id = :id;

-- name: cases_of_message
-- The cases that a message tells the opening of.
SELECT case_digest FROM message
WHERE (id = :id OR digest_id = :id) AND case_digest IS NOT NULL
  AND kind IN ('abierta', 'inestable');

-- name: drop_waiting
-- Removes what waits for a receiver.
DELETE FROM message WHERE receiver = :receiver AND state = 'esperando';

-- name: forget_all_told
-- Forgets all that a receiver was told.
DELETE FROM told WHERE receiver = :receiver;

-- name: hurry_messages
-- A receiver lives again: what waits for its next try is due.
UPDATE message SET next_at = 0
WHERE receiver = :receiver AND state = 'esperando' AND next_at > 0;

-- name: open_to_tell
-- What is open and confirmed, past its grace, with what a digest says of it.
SELECT violation.digest, violation.case_digest, violation.kind, violation.key, violation.server_id,
  server.identity, server.sibling, profile.ipaddress, profile.nombre_host, policy.rule,
  policy.severity, policy_text.command_lines, violation.opened_in_at, violation.motive_es,
  violation.motive_en
FROM violation
JOIN policy ON policy.text_id = violation.text_id AND policy.retired_at IS NULL
JOIN policy_text ON policy_text.id = violation.text_id
JOIN server ON server.id = violation.server_id
JOIN report
  ON report.server_id = server.id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = report.profile_id
WHERE violation.ended_at IS NULL AND violation.confirmed_at IS NOT NULL
  AND (violation.grace_until_at IS NULL OR violation.grace_until_at <= :now)
ORDER BY violation.id;

-- name: events_to_tell
-- What goes on of servers themselves, and of the evaluator, with how messages name the server.
SELECT
  -- include: server_event_columns
  , server.identity, server.sibling, profile.ipaddress, profile.nombre_host
FROM server_event
LEFT JOIN server ON server.id = server_event.server_id
LEFT JOIN report
  ON report.server_id = server.id
  AND report.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
LEFT JOIN profile ON profile.id = report.profile_id
WHERE server_event.ended_at IS NULL
  AND server_event.kind IN ('silencio', 'reloj', 'evaluador_atrasado')
ORDER BY server_event.id;

-- name: remove_old_messages
-- Removes messages that ended long ago.
DELETE FROM message WHERE ended_at < :before;

-- name: remove_left_messages
-- Removes messages that have waited for long for receivers that the file names no more.
DELETE FROM message
WHERE state = 'esperando' AND made_at < :before
  AND receiver IN (SELECT name FROM receiver WHERE place IS NULL);

-- name: remove_old_notices
-- Removes notices that every receiver of the file has seen, and nobody waits for.
DELETE FROM notice
WHERE id < (SELECT min(notice_id) FROM receiver WHERE place IS NOT NULL) AND made_at < :before
  AND NOT EXISTS (SELECT 1 FROM message WHERE message.notice_id = notice.id)
  AND NOT EXISTS (
    SELECT 1 FROM told WHERE told.case_digest = notice.case_digest AND told.state = 'exenta'
  );

-- name: remove_old_told
-- Forgets what ended long ago without being repaired.
DELETE FROM told WHERE state = 'cerrada' AND at < :before;

-- name: waiting_messages
-- How many messages wait, by receiver.
SELECT receiver, count(*) FROM message WHERE state = 'esperando' GROUP BY receiver;

-- name: backlog_of_receiver
-- How many messages to a receiver wait, since when, and how many were set aside.
SELECT count(*), min(message.made_at), (
  SELECT count(*) FROM message AS failed
  WHERE failed.receiver = :receiver AND failed.state = 'fallido'
)
FROM message
WHERE message.receiver = :receiver AND message.state = 'esperando';

-- name: drop_reminders
-- Removes the reminder that waits: only the newest matters.
DELETE FROM message
WHERE receiver = :receiver AND kind = 'recordatorio' AND state = 'esperando' AND again_of IS NULL;
