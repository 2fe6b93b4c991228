-- name: find_server
-- The server with this identity, where only one can have it.
SELECT id FROM server WHERE identity = :identity;

-- name: siblings
-- The servers with this identity, and their profiles in the reports before and after :taken_at.
SELECT
  server.id,
  EXISTS (
    SELECT 1 FROM report AS same
    WHERE same.server_id = server.id AND same.taken_at = :taken_at AND same.digest = :digest
  ),
  before.nombre_host, before.ipaddress, before.booted_at,
  before.arquitectura_proc, before.marca_proc, before.nombre_so, before.version_so, before.nucleo,
  after.nombre_host, after.ipaddress, after.booted_at,
  after.arquitectura_proc, after.marca_proc, after.nombre_so, after.version_so, after.nucleo
FROM server
LEFT JOIN report AS report_before ON report_before.id = (
  SELECT id FROM report
  WHERE report.server_id = server.id AND report.taken_at <= :taken_at
  ORDER BY taken_at DESC, id DESC LIMIT 1
)
LEFT JOIN profile AS before ON before.id = report_before.profile_id
LEFT JOIN report AS report_after ON report_after.id = (
  SELECT id FROM report
  WHERE report.server_id = server.id AND report.taken_at > :taken_at
  ORDER BY taken_at, id LIMIT 1
)
LEFT JOIN profile AS after ON after.id = report_after.profile_id
WHERE server.identity = :identity
ORDER BY server.sibling;

-- name: add_server
-- Adds a server, as the next sibling of those with its identity.
INSERT INTO server (identity, sibling)
SELECT :identity, count(*) FROM server WHERE identity = :identity
RETURNING id;
