-- name: find_server
-- Which server has this identity, where it has one server?
SELECT id FROM server WHERE identity = :identity;

-- name: siblings
-- What were the servers with this identity in their reports before and after this moment?
SELECT
  s.id,
  EXISTS (
    SELECT 1 FROM report AS r
    WHERE r.server_id = s.id AND r.taken_at = :taken_at AND r.digest = :digest
  ),
  b.nombre_host, b.ipaddress, b.booted_at,
  b.arquitectura_proc, b.marca_proc, b.nombre_so, b.version_so, b.nucleo,
  a.nombre_host, a.ipaddress, a.booted_at,
  a.arquitectura_proc, a.marca_proc, a.nombre_so, a.version_so, a.nucleo
FROM server AS s
LEFT JOIN report AS br ON br.id = (
  SELECT r.id FROM report AS r
  WHERE r.server_id = s.id AND r.taken_at <= :taken_at
  ORDER BY r.taken_at DESC, r.id DESC LIMIT 1
)
LEFT JOIN profile AS b ON b.id = br.profile_id
LEFT JOIN report AS ar ON ar.id = (
  SELECT r.id FROM report AS r
  WHERE r.server_id = s.id AND r.taken_at > :taken_at
  ORDER BY r.taken_at, r.id LIMIT 1
)
LEFT JOIN profile AS a ON a.id = ar.profile_id
WHERE s.identity = :identity
ORDER BY s.sibling;

-- name: add_server
-- A server reports for the first time.
INSERT INTO server (identity, sibling)
SELECT :identity, count(*) FROM server WHERE identity = :identity
RETURNING id;
