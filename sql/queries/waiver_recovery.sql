-- name: recorded_waivers
-- All waivers, as the audit log records them.
SELECT
  waiver.id, waiver.rule, server.identity, server.sibling, waiver.tag_key, waiver.tag_value,
  waiver.network, waiver.key, waiver.reason, waiver.at, waiver.until_at, waiver.revoked_at
FROM waiver
LEFT JOIN server ON server.id = waiver.server_id
ORDER BY waiver.id;

-- name: restore_waiver
-- Adds a waiver that the audit log names, with its number if that is free, if its server is known and
-- it is not there.
INSERT INTO waiver (
  id, rule, server_id, tag_key, tag_value, network, key, reason, told_by, at, until_at
)
SELECT
  CASE WHEN NOT EXISTS (SELECT 1 FROM waiver AS taken WHERE taken.id = :id) THEN :id END,
  :rule, named.id, :tag_key, :tag_value, :network, :key, :reason, :told_by, :at, :until_at
FROM (SELECT 1)
LEFT JOIN server AS named ON named.identity = :identity AND named.sibling = :sibling
WHERE (:identity IS NULL OR named.id IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM waiver AS known WHERE known.at = :at)
RETURNING id;

-- name: restore_waiver_revocation
-- Ends the waiver that was told at a moment as the audit log says, if it is not revoked.
UPDATE waiver SET revoked_at = :revoked_at, revoked_by = :revoked_by
WHERE at = :at AND revoked_at IS NULL AND :revoked_at > at
RETURNING id;
