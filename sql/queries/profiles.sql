-- name: profile
-- This profile.
SELECT
  ipaddress, arquitectura_proc, marca_proc, nombre_so, version_so, version_esquema, nombre_host,
  nucleo, version_agente, fuente_usuarios, booted_at, boot_id
FROM profile
WHERE id = :id;
