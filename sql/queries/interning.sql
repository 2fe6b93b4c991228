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

-- name: find_process_name
-- Which name is this?
SELECT id FROM process_name
WHERE (name = :name OR (name IS NULL AND :name IS NULL))
  AND (username = :username OR (username IS NULL AND :username IS NULL));

-- name: add_process_name
-- A name that was never seen before.
INSERT INTO process_name (name, username) VALUES (:name, :username) RETURNING id;

-- name: find_login_name
-- Which user is this?
SELECT id FROM login_name
WHERE username = :username OR (username IS NULL AND :username IS NULL);

-- name: add_login_name
-- A user that was never seen before.
INSERT INTO login_name (username) VALUES (:username) RETURNING id;
