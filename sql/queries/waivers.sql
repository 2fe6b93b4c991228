-- fragment: waiver_columns
-- What is known of a waiver: see Waiver. A revocation counts once it was told by :told_until.
waiver.id, waiver.rule, waiver.server_id, waiver.tag_key, waiver.tag_value, waiver.network,
waiver.key, waiver.reason, waiver.told_by, waiver.at, waiver.until_at,
CASE WHEN waiver.revoked_at <= :told_until THEN waiver.revoked_at END,
CASE WHEN waiver.revoked_at <= :told_until THEN waiver.revoked_by END

-- name: waivers
-- All waivers that were told by :told_until, the newest first.
SELECT
  -- include: waiver_columns
FROM waiver
WHERE waiver.at <= :told_until
ORDER BY waiver.id DESC;

-- name: reserved_rules
-- Rules that read command lines, by any of their texts: what they find is for administrators.
SELECT DISTINCT rule FROM policy_text WHERE command_lines = 1 ORDER BY rule;

-- name: waivers_in_force
-- Waivers that hold at :moment, as they were told by :told_until; that which ends last comes first.
SELECT
  -- include: waiver_columns
FROM waiver
WHERE waiver.until_at > :moment
  AND waiver.at <= :told_until
  AND (waiver.revoked_at IS NULL OR waiver.revoked_at > :told_until)
ORDER BY waiver.until_at DESC, waiver.id;

-- name: open_keys
-- What goes on at :moment by rules of which there are waivers, and whether its server fails by it then.
WITH
  span AS (
    -- include: spans_going_on
  )
SELECT
  policy_text.rule, violation.server_id, violation.kind, violation.key,
  CASE WHEN
    -- include: shows_at
    AND violation.server_id NOT IN (
      -- include: retired_servers
    )
    AND NOT EXISTS (
      SELECT 1 FROM span
      WHERE span.server_id = violation.server_id AND span.text_id = violation.text_id
    )
    AND EXISTS (
      SELECT 1 FROM judgement
      WHERE judgement.server_id = violation.server_id
        AND judgement.text_id = violation.text_id
        AND
        -- include: judges_at
    )
    THEN 1 ELSE 0 END
FROM violation
JOIN policy_text ON policy_text.id = violation.text_id
WHERE
  -- include: may_show
  AND
    -- include: is_open_at
  AND policy_text.rule IN (SELECT waiver.rule FROM waiver WHERE waiver.until_at > :held_at)
  AND (:rule IS NULL OR policy_text.rule = :rule)
  AND (:server_id IS NULL OR violation.server_id = :server_id)
ORDER BY policy_text.rule, violation.server_id, violation.id;
