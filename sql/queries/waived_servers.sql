-- name: servers_with_tag
-- Servers that have this tag, of the changes up to :last_id and :told_until.
SELECT told.server_id
FROM tag_change AS told
WHERE told.key = :key
  AND told.value = :value
  AND
  -- include: tag_in_force
ORDER BY told.server_id;

-- name: addresses_at
-- The address of each server in the record that is shown at :moment.
SELECT server.id, profile.ipaddress
FROM server
JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq =
  -- include: shown_at_moment
JOIN profile ON profile.id = shown.profile_id
ORDER BY server.id;
