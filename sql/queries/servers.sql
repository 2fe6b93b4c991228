-- name: find_server
-- The server with this identity, where only one can have it.
SELECT id FROM server WHERE identity = :identity;

-- name: siblings
-- The servers with this identity, each with the profile of its newest report in order.
SELECT
  server.id,
  EXISTS (
    -- include: same_report
  ),
  newest.placed_at,
  EXISTS (
    SELECT 1
    FROM profile AS known
    JOIN profile_change ON profile_change.profile_id = known.id
    WHERE known.server_id = server.id AND known.boot_id = :boot_id
  ),
  profile.nombre_host, profile.ipaddress, profile.booted_at, profile.boot_id,
  profile.arquitectura_proc, profile.marca_proc, profile.nombre_so, profile.version_so,
  profile.nucleo
FROM server
JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN profile ON profile.id = newest.profile_id
WHERE server.identity = :identity
ORDER BY server.sibling;

-- name: add_server
-- Adds a server, as the next sibling of those with its identity.
INSERT INTO server (identity, sibling)
SELECT :identity, count(*) FROM server WHERE identity = :identity
RETURNING id;
