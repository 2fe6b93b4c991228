-- name: rule_to_waive
-- The file of a rule, if it is in force.
SELECT source FROM policy WHERE rule = :rule AND retired_at IS NULL;

-- name: last_waiver_at
-- When a waiver was told or revoked last, or the place of the newest record, if that is later.
SELECT max(
  coalesce((SELECT max(waiver.at) FROM waiver), 0),
  coalesce((SELECT max(waiver.revoked_at) FROM waiver), 0),
  -- include: newest_place
);

-- name: next_waiver_id
-- The number that the next waiver gets.
SELECT coalesce(max(id), 0) + 1 FROM waiver;

-- name: waiver_of_id
-- When the waiver with this number was told, ends, and was revoked.
SELECT at, until_at, revoked_at FROM waiver WHERE id = :id;

-- name: add_waiver
-- Notes a waiver.
INSERT INTO waiver (
  id, rule, server_id, tag_key, tag_value, network, key, reason, told_by, at, until_at
)
VALUES (
  :id, :rule, :server_id, :tag_key, :tag_value, :network, :key, :reason, :told_by, :at, :until_at
);

-- name: revoke_waiver
-- Ends a waiver before its end.
UPDATE waiver SET revoked_at = :revoked_at, revoked_by = :revoked_by
WHERE id = :id AND revoked_at IS NULL;
