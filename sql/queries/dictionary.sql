-- name: find_profile
-- Has this server been exactly this before?
SELECT id FROM profile WHERE digest = :digest;

-- name: add_profile
-- A server is something that it was not before.
INSERT INTO profile (
  digest, server_id, ipaddress, arquitectura_proc, marca_proc, nombre_so, version_so,
  version_esquema, nombre_host, nucleo, version_agente, fuente_usuarios, booted_at
)
VALUES (
  :digest, :server_id, :ipaddress, :arquitectura_proc, :marca_proc, :nombre_so, :version_so,
  :version_esquema, :nombre_host, :nucleo, :version_agente, :fuente_usuarios, :booted_at
)
RETURNING id;

-- name: find_program
-- Which program is this?
SELECT id FROM program WHERE digest = :digest;

-- name: add_program
-- A program that was never seen before.
INSERT INTO program (digest, name, username, executable, command_line)
VALUES (:digest, :name, :username, :executable, :command_line)
RETURNING id;

-- name: find_account
-- Which account is this?
SELECT id FROM account WHERE digest = :digest;

-- name: add_account
-- An account that was never seen before.
INSERT INTO account (digest, username, terminal, origin)
VALUES (:digest, :username, :terminal, :origin)
RETURNING id;
