-- name: add_token
-- Adds a token.
INSERT INTO token (
  digest, scope, name, server, created_at, expires_at, uses_left, lifetime, enrolled_by,
  request_digest
)
VALUES (
  :digest, :scope, :name, :server, :created_at, :expires_at, :uses_left, :lifetime, :enrolled_by,
  :request_digest
)
RETURNING id;

-- name: revoke_token
-- Revokes a token that is not revoked yet.
UPDATE token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING digest;

-- name: derived_tokens
-- This token and all that derive from it, as far as they are not revoked yet.
WITH RECURSIVE derived (id) AS (
  SELECT id FROM token WHERE id = :id
  UNION
  SELECT token.id FROM derived JOIN token ON token.enrolled_by = derived.id
)
SELECT token.id
FROM derived
JOIN token ON token.id = derived.id
WHERE token.revoked_at IS NULL
ORDER BY token.id;
