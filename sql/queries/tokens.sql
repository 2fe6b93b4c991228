-- fragment: token_columns
-- The columns of a Token, in its order.
id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left, lifetime,
enrolled_by

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

-- name: use_token
-- Notes that a token was used.
UPDATE token SET used_at = :now WHERE id = :id;

-- name: still_valid
-- Whether a token is valid at this moment.
SELECT 1 FROM token
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: close_token
-- Takes all uses of an enrolment token.
UPDATE token SET uses_left = 0
WHERE id = :id AND scope = 'inscripcion' AND revoked_at IS NULL
RETURNING digest;

-- name: export_tokens
-- All columns of all tokens, for another database. A parent has a lower number than what derives.
SELECT
  request_digest,
  -- include: token_columns
FROM token
ORDER BY id;

-- name: import_token
-- Adds a token of another database.
INSERT INTO token (
  request_digest, id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at,
  uses_left, lifetime, enrolled_by
)
VALUES (
  :request_digest, :id, :digest, :scope, :name, :server, :created_at, :expires_at, :revoked_at,
  :used_at, :uses_left, :lifetime, :enrolled_by
);

-- name: remove_tokens
-- Removes all tokens, of a database that takes over those of another one.
DELETE FROM token;
