-- name: recorded_tokens
-- All tokens, as the audit log records them: those with a lower number first.
SELECT
  token.id, token.digest, token.scope, token.created_at, token.name, token.server,
  token.expires_at, token.uses_left, token.lifetime, token.enrolled_by, parent.digest,
  token.request_digest, token.used_at, token.revoked_at
FROM token
LEFT JOIN token AS parent ON parent.id = token.enrolled_by
ORDER BY token.id;

-- name: restore_token
-- Adds a token that the audit log names.
INSERT INTO token (
  id, digest, scope, name, server, created_at, expires_at, uses_left, lifetime, enrolled_by,
  request_digest
)
VALUES (
  :id, :digest, :scope, :name, :server, :created_at, :expires_at, :uses_left, :lifetime,
  :enrolled_by, :request_digest
);

-- name: restore_count
-- Takes a use of the enrolment token that a restored token was given for.
UPDATE token SET uses_left = uses_left - 1 WHERE id = :id AND uses_left > 0;

-- name: restore_use
-- Notes that a token was used.
UPDATE token SET used_at = :at WHERE id = :id AND used_at IS NULL;

-- name: restore_close
-- Takes all uses of an enrolment token.
UPDATE token SET uses_left = 0 WHERE id = :id AND uses_left > 0;

-- name: restore_revocation
-- Revokes a token.
UPDATE token SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL RETURNING id;
