-- fragment: token_columns
-- The columns of a Token, in its order.
id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left, lifetime

-- name: any_token
-- Whether any token was ever created.
SELECT EXISTS (SELECT 1 FROM token);

-- name: find_token
-- The token with this digest.
SELECT
  -- include: token_columns
FROM token
WHERE digest = :digest;

-- name: all_tokens
-- All tokens, in the order of their creation.
SELECT
  -- include: token_columns
FROM token
ORDER BY id;

-- name: add_token
-- Adds a token.
INSERT INTO token (
  digest, scope, name, server, created_at, expires_at, uses_left, lifetime, enrolled_by
)
VALUES (
  :digest, :scope, :name, :server, :created_at, :expires_at, :uses_left, :lifetime, :enrolled_by
)
RETURNING id;

-- name: revoke_token
-- Revokes a token that is not revoked yet.
UPDATE token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING id;

-- name: use_token
-- Notes that a token was used.
UPDATE token SET used_at = :now WHERE id = :id;

-- name: valid_tokens_of_server
-- Tokens that are valid now and belong to this server alone.
SELECT id, used_at FROM token
WHERE server = :server AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: count_enrolment
-- Takes one of the uses of an enrolment token, if any is left.
UPDATE token SET uses_left = uses_left - 1 WHERE id = :id AND uses_left > 0 RETURNING uses_left;

-- name: export_tokens
-- All columns of all tokens, for another database.
SELECT
  enrolled_by,
  -- include: token_columns
FROM token
ORDER BY id;

-- name: import_token
-- Adds a token of another database.
INSERT INTO token (
  enrolled_by, id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at,
  uses_left, lifetime
)
VALUES (
  :enrolled_by, :id, :digest, :scope, :name, :server, :created_at, :expires_at, :revoked_at,
  :used_at, :uses_left, :lifetime
);

-- name: last_address
-- The address of this server in its newest record.
SELECT profile.ipaddress
FROM report
JOIN profile ON profile.id = report.profile_id
WHERE report.server_id = :server
ORDER BY report.taken_at DESC, report.id DESC
LIMIT 1;
