-- name: texts_in_force
-- The text in force of each rule, that of rules whose file is gone for less than a day included.
SELECT
  policy.rule, policy.text_id, policy_text.hash, policy.source, policy.outside,
  policy_text.is_shipped, policy.missing_since, policy.taken_up_at
FROM policy
JOIN policy_text ON policy_text.id = policy.text_id
WHERE policy.retired_at IS NULL
ORDER BY policy.rule;

-- name: rule_texts_by_number
-- Texts by their numbers, as if they were in force since they were first.
WITH wanted (text_id) AS (VALUES (:text_id))
SELECT
  policy_text.rule, policy_text.id, policy_text.hash, policy_text.source, policy_text.outside,
  policy_text.is_shipped, NULL, policy_text.first_seen_at
FROM wanted
JOIN policy_text ON policy_text.id = wanted.text_id;

-- name: texts_that_judge
-- The texts about one server by which these servers are judged.
WITH wanted (server_id) AS (VALUES (:server_id))
SELECT judgement.server_id, judgement.text_id
FROM wanted
JOIN judgement ON judgement.server_id = wanted.server_id
JOIN policy_text ON policy_text.id = judgement.text_id
WHERE judgement.until_at IS NULL AND policy_text.is_fleet = 0;

-- name: rules_changed_at
-- When a rule was taken up, retired or changed in another way but its words last; 0 if none ever was.
SELECT coalesce(max(at), 0) FROM policy_change WHERE kind <> 'words';

-- name: known_rule_files
-- The hash of the file that each version of a rule was, the first one of each.
SELECT rule, version, is_shipped, file_hash FROM policy_text ORDER BY id;

-- name: noted_rule_faults
-- What the last look at the folders refused.
SELECT path, line, reason, digest FROM policy_fault ORDER BY id;

-- name: clear_rule_faults
-- Forgets what the look before refused.
DELETE FROM policy_fault;

-- name: note_rule_fault
-- Notes one fault of a file.
INSERT INTO policy_fault (path, line, reason, digest) VALUES (:path, :line, :reason, :digest);

-- name: add_rule_text
-- Stores a text, unless it is there already.
INSERT INTO policy_text (
  rule, hash, file_hash, version, source, outside, is_shipped, command_lines, is_fleet, clock,
  first_seen_at
)
VALUES (
  :rule, :hash, :file_hash, :version, :source, :outside, :is_shipped, :command_lines, :is_fleet,
  :clock, :at
)
ON CONFLICT (rule, hash) DO NOTHING;

-- name: find_rule_text
-- The number of a text of a rule.
SELECT id FROM policy_text WHERE rule = :rule AND hash = :hash;

-- name: put_rule_in_force
-- Makes a text the one in force of its rule.
INSERT INTO policy (rule, text_id, severity, controls, owner, source, outside, taken_up_at)
VALUES (:rule, :text_id, :severity, :controls, :owner, :source, :outside, :at)
ON CONFLICT (rule) DO UPDATE SET
  text_id = excluded.text_id,
  severity = excluded.severity,
  controls = excluded.controls,
  owner = excluded.owner,
  source = excluded.source,
  outside = excluded.outside,
  taken_up_at = CASE
    WHEN policy.text_id = excluded.text_id AND policy.retired_at IS NULL THEN policy.taken_up_at
    ELSE excluded.taken_up_at
  END,
  missing_since = NULL,
  retired_at = NULL;

-- name: mark_rule
-- Notes since when the file of a rule is gone, and when it was retired.
UPDATE policy SET missing_since = :missing_since, retired_at = :retired_at WHERE rule = :rule;

-- name: note_rule_change
-- Adds to the history of a rule what it is now.
INSERT INTO policy_change (rule, at, kind, text_id, severity, controls)
SELECT rule, :at, :kind, text_id, severity, controls FROM policy WHERE rule = :rule;
