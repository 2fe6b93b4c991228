-- name: find_profiles
-- The profiles with these digests.
SELECT id, digest FROM profile WHERE digest IN (VALUES (:digest));

-- name: add_profiles
-- Adds profiles.
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
RETURNING id, digest;

-- name: find_programs
-- The programs with these digests.
SELECT id, digest FROM program WHERE digest IN (VALUES (:digest));

-- name: add_programs
-- Adds programs.
INSERT INTO program (digest, name, username, executable, command_line)
VALUES (:digest, :name, :username, :executable, :command_line)
RETURNING id, digest;

-- name: find_accounts
-- The accounts with these digests.
SELECT id, digest FROM account WHERE digest IN (VALUES (:digest));

-- name: add_accounts
-- Adds accounts.
INSERT INTO account (digest, username, terminal, origin)
VALUES (:digest, :username, :terminal, :origin)
RETURNING id, digest;

-- name: find_process_names
-- The names of processes and their users that are these. Each part is a look-up in the index.
WITH wanted (name, username) AS (VALUES (:name, :username))
SELECT process_name.id, process_name.name, process_name.username
FROM wanted
JOIN process_name
  ON process_name.name = wanted.name AND process_name.username = wanted.username
UNION ALL
SELECT process_name.id, process_name.name, process_name.username
FROM wanted
JOIN process_name ON process_name.name = wanted.name AND process_name.username IS NULL
WHERE wanted.username IS NULL
UNION ALL
SELECT process_name.id, process_name.name, process_name.username
FROM wanted
JOIN process_name ON process_name.name IS NULL AND process_name.username = wanted.username
WHERE wanted.name IS NULL
UNION ALL
SELECT process_name.id, process_name.name, process_name.username
FROM process_name
WHERE process_name.name IS NULL
  AND process_name.username IS NULL
  AND EXISTS (SELECT 1 FROM wanted WHERE wanted.name IS NULL AND wanted.username IS NULL);

-- name: add_process_names
-- Adds names of processes and their users.
INSERT INTO process_name (name, username) VALUES (:name, :username) RETURNING id, name, username;

-- name: find_login_names
-- The names of users who logged in that are these.
WITH wanted (username) AS (VALUES (:username))
SELECT login_name.id, login_name.username
FROM wanted
JOIN login_name ON login_name.username = wanted.username
UNION ALL
SELECT login_name.id, login_name.username
FROM login_name
WHERE login_name.username IS NULL
  AND EXISTS (SELECT 1 FROM wanted WHERE wanted.username IS NULL);

-- name: add_login_names
-- Adds names of users who logged in.
INSERT INTO login_name (username) VALUES (:username) RETURNING id, username;
