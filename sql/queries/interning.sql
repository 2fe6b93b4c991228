-- name: find_profile
-- The profile with this digest.
SELECT id FROM profile WHERE digest = :digest;

-- name: add_profile
-- Adds a profile.
INSERT INTO profile (
  digest, server_id, ipaddress, arquitectura_proc, marca_proc, nombre_so, version_so,
  version_esquema, nombre_host, nucleo, version_agente, fuente_usuarios, booted_at,
  boot_id
)
VALUES (
  :digest, :server_id, :ipaddress, :arquitectura_proc, :marca_proc, :nombre_so, :version_so,
  :version_esquema, :nombre_host, :nucleo, :version_agente, :fuente_usuarios, :booted_at,
  :boot_id
)
RETURNING id;

-- name: find_program
-- The program with this digest.
SELECT id FROM program WHERE digest = :digest;

-- name: add_program
-- Adds a program.
INSERT INTO program (digest, name, username, executable, command_line)
VALUES (:digest, :name, :username, :executable, :command_line)
RETURNING id;

-- name: find_account
-- The account with this digest.
SELECT id FROM account WHERE digest = :digest;

-- name: add_account
-- Adds an account.
INSERT INTO account (digest, username, terminal, origin)
VALUES (:digest, :username, :terminal, :origin)
RETURNING id;

-- name: find_process_name
-- The name of a process and its user.
SELECT id FROM process_name
WHERE (name = :name OR (name IS NULL AND :name IS NULL))
  AND (username = :username OR (username IS NULL AND :username IS NULL));

-- name: add_process_name
-- Adds the name of a process and its user.
INSERT INTO process_name (name, username) VALUES (:name, :username) RETURNING id;

-- name: find_login_name
-- The name of a user who logged in.
SELECT id FROM login_name
WHERE username = :username OR (username IS NULL AND :username IS NULL);

-- name: add_login_name
-- Adds the name of a user who logged in.
INSERT INTO login_name (username) VALUES (:username) RETURNING id;
