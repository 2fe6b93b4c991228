-- name: tokens_of_machine
-- The valid tokens for this machine alone: number, whether used, parent, request.
SELECT id, used_at IS NOT NULL, enrolled_by, request_digest
FROM token
WHERE server = :server AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY id;

-- name: tokens_made_since
-- How many tokens for this machine were made since a moment.
SELECT count(*) FROM token WHERE server = :server AND created_at > :since;

-- name: issuing_token
-- The columns of a token that decide about the tokens that it gives, if it is valid now.
SELECT digest, name, expires_at, lifetime, uses_left FROM token
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: take_use
-- Takes one of the uses of an enrolment token.
UPDATE token SET uses_left = uses_left - 1 WHERE id = :id;

-- name: renewals
-- The other valid tokens that this one was renewed from or renewed into, directly or through others.
WITH RECURSIVE
ancestor (id, enrolled_by) AS (
  SELECT id, enrolled_by FROM token WHERE id = :id
  UNION
  SELECT parent.id, parent.enrolled_by
  FROM ancestor
  JOIN token AS parent ON parent.id = ancestor.enrolled_by
  WHERE parent.server = :server
),
renewal (id) AS (
  SELECT id FROM ancestor
  UNION
  SELECT token.id FROM renewal JOIN token ON token.enrolled_by = renewal.id
)
SELECT
  token.id,
  token.used_at IS NOT NULL,
  EXISTS (SELECT 1 FROM ancestor WHERE ancestor.id = token.id)
FROM renewal
JOIN token ON token.id = renewal.id
WHERE token.id <> :id
  AND token.revoked_at IS NULL
  AND (token.expires_at IS NULL OR token.expires_at > :now)
ORDER BY token.id;
