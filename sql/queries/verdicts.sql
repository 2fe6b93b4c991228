-- name: judged_cursors
-- How far servers are judged.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT
  judged.server_id, judged.seq, judged.late_seq, judged.epoch, judged.event_report_id,
  judged.event_at, judged.event_received_at, judged.event_mark, judged.hour_at, judged.day_at,
  judged.tag_id, NULL, judged.tag_at, judged.tag_received_at, judged.tag_mark
FROM wanted
JOIN judged ON judged.server_id = wanted.server_id;

-- name: all_judged_cursors
-- How far all servers are judged.
SELECT
  server_id, seq, late_seq, epoch, event_report_id, event_at, event_received_at, event_mark,
  hour_at, day_at, tag_id, NULL, tag_at, tag_received_at, tag_mark
FROM judged;

-- name: put_cursor
-- Notes how far a server is judged.
INSERT INTO judged (
  server_id, seq, late_seq, epoch, event_report_id, event_at, event_received_at, event_mark,
  hour_at, day_at, tag_id, tag_at, tag_received_at, tag_mark
)
VALUES (
  :server_id, :seq, :late_seq, :epoch, :event_report_id, :event_at, :event_received_at,
  :event_mark, :hour_at, :day_at, :tag_id, :tag_at, :tag_received_at, :tag_mark
)
ON CONFLICT (server_id) DO UPDATE SET
  seq = excluded.seq, late_seq = excluded.late_seq, epoch = excluded.epoch, event_report_id =
  excluded.event_report_id, event_at = excluded.event_at, event_received_at =
  excluded.event_received_at, event_mark = excluded.event_mark, hour_at = excluded.hour_at,
  day_at = excluded.day_at, tag_id = excluded.tag_id, tag_at = excluded.tag_at, tag_received_at =
  excluded.tag_received_at, tag_mark = excluded.tag_mark;

-- name: fleet_tick
-- The last tick that judged the rules of the fleet.
SELECT at FROM fleet_tick WHERE id = 1;

-- name: put_fleet_tick
-- Notes the tick that judged the rules of the fleet.
INSERT INTO fleet_tick (id, at, previous_at) VALUES (1, :at, 0)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, previous_at = fleet_tick.at;

-- name: previous_fleet_tick
-- The tick before that.
SELECT previous_at FROM fleet_tick WHERE id = 1;

-- name: judgements_now
-- The texts that judge servers, with their rules.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT policy_text.rule, policy_text.is_fleet, policy_text.clock, judgement.id,
  judgement.server_id, judgement.text_id, judgement.since_report_id, judgement.since_at,
  judgement.since_received_at, judgement.since_mark, judgement.until_report_id,
  judgement.until_at, judgement.until_received_at, judgement.until_mark,
  judgement.known_report_id, judgement.known_at, judgement.known_received_at,
  judgement.known_mark, judgement.is_known
FROM wanted
JOIN judgement ON judgement.server_id = wanted.server_id AND judgement.until_at IS NULL
JOIN policy_text ON policy_text.id = judgement.text_id;

-- name: standings
-- The texts that judge servers, whether their last verdict told of every key, and its span if any.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT judgement.server_id, policy_text.rule, judgement.text_id, judgement.is_known, span.state,
  span.reason
FROM wanted
JOIN judgement ON judgement.server_id = wanted.server_id AND judgement.until_at IS NULL
JOIN policy_text ON policy_text.id = judgement.text_id
LEFT JOIN verdict_span AS span
  ON span.server_id = judgement.server_id
  AND span.text_id = judgement.text_id
  AND span.until_at IS NULL;

-- name: rules_with_violations
-- The rules that have something open or pending on servers.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT violation.server_id, policy_text.rule
FROM wanted
JOIN violation
  ON violation.server_id = wanted.server_id
  AND (violation.ended_at IS NULL OR violation.is_pending = 1)
JOIN policy_text ON policy_text.id = violation.text_id;

-- name: spans_now
-- What is unknown of servers, and what does not apply to them.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT policy_text.rule, span.id,
  span.server_id, span.text_id, span.state, span.reason, span.detail, span.after_report_id,
  span.after_at, span.after_received_at, span.after_mark, span.first_report_id, span.first_at,
  span.first_received_at, span.first_mark, span.last_report_id, span.last_at,
  span.last_received_at, span.last_mark, span.until_report_id, span.until_at,
  span.until_received_at, span.until_mark
FROM wanted
JOIN verdict_span AS span ON span.server_id = wanted.server_id AND span.until_at IS NULL
JOIN policy_text ON policy_text.id = span.text_id;

-- fragment: stored_violation
-- The columns of Violation.
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

-- name: live_violations
-- What is open on servers, and what ended lately, but not as repaired.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT policy_text.rule, violation.id,
  -- include: stored_violation
FROM wanted
JOIN violation
  ON violation.server_id = wanted.server_id
  AND (violation.ended_at IS NULL OR violation.is_pending = 1)
JOIN policy_text ON policy_text.id = violation.text_id
ORDER BY violation.id;

-- name: recent_openings
-- When violations of servers were opened within :length before the last event; of which texts.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT violation.server_id, violation.text_id, violation.opened_in_at
FROM wanted
JOIN judged ON judged.server_id = wanted.server_id
JOIN judgement ON judgement.server_id = wanted.server_id AND judgement.until_at IS NULL
JOIN violation
  ON violation.server_id = wanted.server_id
  AND violation.text_id = judgement.text_id
  AND violation.opened_in_at > judged.event_at - 3600000000
WHERE violation.kind = 'clave'
  AND violation.is_late = 0
  AND violation.opened_after_at IS NOT NULL
  AND violation.continues_digest IS NULL
  AND violation.opened_in_received_at >= judgement.since_received_at
ORDER BY violation.id;

-- name: violations_around
-- What was open on a server at some time from :after_at to :until_at, and late sightings within.
SELECT policy_text.rule, violation.id,
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
FROM violation
JOIN policy_text ON policy_text.id = violation.text_id
WHERE violation.server_id = :server_id
  AND violation.opened_in_at <= :until_at
  AND violation.ended_at >= :after_at
ORDER BY violation.id;

-- name: add_judgement
-- Notes that a text begins to judge a server.
INSERT INTO judgement (
  server_id, text_id, since_report_id, since_at, since_received_at, since_mark, until_report_id,
  until_at, until_received_at, until_mark, known_report_id, known_at, known_received_at,
  known_mark, is_known
)
VALUES (
  :server_id, :text_id, :since_report_id, :since_at, :since_received_at, :since_mark,
  :until_report_id, :until_at, :until_received_at, :until_mark, :known_report_id, :known_at,
  :known_received_at, :known_mark, :is_known
)
RETURNING id;

-- name: update_judgement
-- Notes what changed of a judgement.
UPDATE judgement SET
  until_report_id = :until_report_id, until_at = :until_at, until_received_at =
  :until_received_at, until_mark = :until_mark, known_report_id = :known_report_id, known_at =
  :known_at, known_received_at = :known_received_at, known_mark = :known_mark, is_known =
  :is_known
WHERE id = :id;

-- name: add_span
-- Adds a time in which a verdict is unknown, or the rule does not apply.
INSERT INTO verdict_span (
  server_id, text_id, state, reason, detail, after_report_id, after_at, after_received_at,
  after_mark, first_report_id, first_at, first_received_at, first_mark, last_report_id, last_at,
  last_received_at, last_mark, until_report_id, until_at, until_received_at, until_mark
)
VALUES (
  :server_id, :text_id, :state, :reason, :detail, :after_report_id, :after_at,
  :after_received_at, :after_mark, :first_report_id, :first_at, :first_received_at, :first_mark,
  :last_report_id, :last_at, :last_received_at, :last_mark, :until_report_id, :until_at,
  :until_received_at, :until_mark
)
RETURNING id;

-- name: update_span
-- Notes the end of such a time.
UPDATE verdict_span SET
  last_report_id = :last_report_id, last_at = :last_at, last_received_at = :last_received_at,
  last_mark = :last_mark, until_report_id = :until_report_id, until_at = :until_at,
  until_received_at = :until_received_at, until_mark = :until_mark
WHERE id = :id;

-- name: add_violation
-- Adds a violation, or finds it. The one before of its key is the last that was resolved.
INSERT INTO violation (
  digest, server_id, text_id, kind, key, opened_after_report_id, opened_after_at,
  opened_after_received_at, opened_after_mark, opened_in_report_id, opened_in_at,
  opened_in_received_at, opened_in_mark, confirmed_report_id, confirmed_at,
  confirmed_received_at, confirmed_mark, seen_report_id, seen_at, seen_received_at, seen_mark,
  cleared_report_id, cleared_at, cleared_received_at, cleared_mark, ended_report_id, ended_at,
  ended_received_at, ended_mark, ended_as, ended_known_at, relapses, yes_count, yes_time,
  yes_report_at, no_count, no_time, no_report_at, is_pending, total, is_late, continues_digest,
  case_digest, case_since_at, grace_until_at, evidence, motive_es, motive_en,
  former_digest
)
VALUES (
  :digest, :server_id, :text_id, :kind, :key, :opened_after_report_id, :opened_after_at,
  :opened_after_received_at, :opened_after_mark, :opened_in_report_id, :opened_in_at,
  :opened_in_received_at, :opened_in_mark, :confirmed_report_id, :confirmed_at,
  :confirmed_received_at, :confirmed_mark, :seen_report_id, :seen_at, :seen_received_at,
  :seen_mark, :cleared_report_id, :cleared_at, :cleared_received_at, :cleared_mark,
  :ended_report_id, :ended_at, :ended_received_at, :ended_mark, :ended_as, :ended_known_at,
  :relapses, :yes_count, :yes_time, :yes_report_at, :no_count, :no_time, :no_report_at,
  :is_pending, :total, :is_late, :continues_digest, :case_digest, :case_since_at,
  :grace_until_at, :evidence, :motive_es, :motive_en,
  (
    SELECT earlier.digest
    FROM violation AS earlier
    WHERE earlier.server_id = :server_id AND earlier.text_id = :text_id AND earlier.key = :key
      AND earlier.kind = :kind AND earlier.ended_as = 'resuelta' AND earlier.is_late = 0
      AND earlier.opened_in_at < :opened_in_at
    ORDER BY earlier.id DESC
    LIMIT 1
  )
)
ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest
RETURNING id;

-- name: update_violation
-- Notes what changed of a violation.
UPDATE violation SET
  confirmed_report_id = :confirmed_report_id, confirmed_at = :confirmed_at,
  confirmed_received_at = :confirmed_received_at, confirmed_mark = :confirmed_mark,
  seen_report_id = :seen_report_id, seen_at = :seen_at, seen_received_at = :seen_received_at,
  seen_mark = :seen_mark, cleared_report_id = :cleared_report_id, cleared_at = :cleared_at,
  cleared_received_at = :cleared_received_at, cleared_mark = :cleared_mark, ended_report_id =
  :ended_report_id, ended_at = :ended_at, ended_received_at = :ended_received_at, ended_mark =
  :ended_mark, ended_as = :ended_as, ended_known_at = :ended_known_at, relapses = :relapses,
  yes_count = :yes_count, yes_time = :yes_time, yes_report_at = :yes_report_at, no_count =
  :no_count, no_time = :no_time, no_report_at = :no_report_at, is_pending = :is_pending, total =
  :total
WHERE id = :id;

-- name: add_late_sighting
-- Notes a late report that shows what was open.
INSERT INTO late_sighting (violation_id, report_id, at, received_at)
VALUES (:violation_id, :report_id, :at, :received_at)
ON CONFLICT DO NOTHING;

-- name: add_relapse_gap
-- Notes when a violation was not seen before it came back.
INSERT INTO relapse_gap (
  violation_id, seen_report_id, seen_at, seen_received_at, seen_mark, cleared_report_id, cleared_at,
  cleared_received_at, cleared_mark, back_report_id, back_at, back_received_at, back_mark
)
VALUES (
  :violation_id, :seen_report_id, :seen_at, :seen_received_at, :seen_mark, :cleared_report_id,
  :cleared_at, :cleared_received_at, :cleared_mark, :back_report_id, :back_at, :back_received_at,
  :back_mark
)
ON CONFLICT DO NOTHING;

-- name: deaf_spans
-- When the service could not hear or not judge, as far as it lasted until after :since.
SELECT from_at, until_at FROM deaf_span WHERE until_at IS NULL OR until_at > :since
ORDER BY from_at;

-- name: add_deaf_span
-- Notes a time in which nobody was heard; until is null while it goes on.
INSERT INTO deaf_span (from_at, until_at) VALUES (:from_at, :until_at)
ON CONFLICT (from_at) DO UPDATE SET until_at = excluded.until_at;

-- name: close_deaf_spans
-- Ends the times that go on.
UPDATE deaf_span SET until_at = :until_at WHERE until_at IS NULL;
