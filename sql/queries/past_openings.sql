-- name: clear_past_openings
-- Forgets what was known of a text that was in force before.
DELETE FROM past_opening WHERE text_id = :text_id;

-- name: clear_policy_past
-- The same of how far its older records are judged.
DELETE FROM policy_past WHERE text_id = :text_id;

-- name: await_policy_past
-- Lets the records from before a text was taken up be judged aside, if there are any.
INSERT INTO policy_past (text_id, since_at, until_at, servers_done, attempts)
SELECT :text_id, :since_at, :until_at, 0, 0 FROM (SELECT 1) AS one
WHERE EXISTS (SELECT 1 FROM report);

-- name: due_policy_pasts
-- Texts whose older records are not judged yet, of moments of which all is stored. One whose file is
-- gone just now waits: it comes back, or is retired.
SELECT text_id, since_at, until_at, servers_done, attempts FROM policy_past
WHERE ended_at IS NULL AND until_at <= :settled_at
  AND NOT EXISTS (
    SELECT 1 FROM policy
    WHERE policy.text_id = policy_past.text_id
      AND policy.missing_since IS NOT NULL
      AND policy.retired_at IS NULL
  )
ORDER BY until_at, servers_done, text_id;

-- name: begin_policy_past
-- Notes that a process begins.
UPDATE policy_past SET attempts = attempts + 1 WHERE text_id = :text_id;

-- name: note_policy_past
-- Notes that all servers up to this one are judged.
UPDATE policy_past SET servers_done = :server_id, attempts = 0 WHERE text_id = :text_id;

-- name: end_policy_past
-- Ends it.
UPDATE policy_past SET ended_at = :at, ended_as = :ended_as WHERE text_id = :text_id;

-- name: add_past_opening
-- Stores one.
INSERT INTO past_opening (server_id, text_id, kind, key, after_at, opened_at)
VALUES (:server_id, :text_id, :kind, :key, :after_at, :opened_at)
ON CONFLICT (server_id, text_id, kind, key) DO UPDATE SET
  after_at = excluded.after_at,
  opened_at = excluded.opened_at;

-- name: past_openings_of_violations
-- Of these violations, what records from before their texts say, where no verdict came before them.
-- What continues another may have been told, and names that one.
WITH wanted (violation_id) AS (VALUES (:violation_id))
SELECT violation.id, past_opening.after_at, past_opening.opened_at, policy_text.is_fleet
FROM wanted
JOIN violation ON violation.id = wanted.violation_id
JOIN policy_text ON policy_text.id = violation.text_id
JOIN past_opening
  ON past_opening.server_id = violation.server_id
  AND past_opening.text_id = violation.text_id
  AND past_opening.kind = violation.kind
  AND past_opening.key = violation.key
WHERE violation.opened_after_at IS NULL
  AND violation.is_late = 0
  AND violation.continues_digest IS NULL
  AND past_opening.opened_at < violation.opened_in_at;

-- name: first_past_openings
-- The same of all that is open of a rule, or on a server; the first of each comes first.
SELECT
  violation.server_id, policy_text.rule,
  past_opening.after_at, past_opening.opened_at, policy_text.is_fleet
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id
JOIN violation ON violation.text_id = policy_text.id
JOIN past_opening
  ON past_opening.server_id = violation.server_id
  AND past_opening.text_id = violation.text_id
  AND past_opening.kind = violation.kind
  AND past_opening.key = violation.key
WHERE (:rule IS NULL OR policy.rule = :rule)
  AND (:server_id IS NULL OR violation.server_id = :server_id)
  AND violation.ended_at IS NULL
  AND violation.opened_after_at IS NULL
  AND violation.is_late = 0
  AND violation.continues_digest IS NULL
  AND past_opening.opened_at < violation.opened_in_at
ORDER BY violation.server_id, policy_text.rule, past_opening.opened_at;

-- name: policy_past_of_rule
-- How far the older records are judged by the text in force of a rule.
SELECT policy_past.since_at, policy_past.until_at, policy_past.ended_as
FROM policy
JOIN policy_past ON policy_past.text_id = policy.text_id
WHERE policy.rule = :rule;
