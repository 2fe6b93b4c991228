-- name: any_token
-- Was any token ever made?
SELECT EXISTS (SELECT 1 FROM token);

-- name: find_token
-- Which token has this digest?
SELECT id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left,
  lifetime
FROM token
WHERE digest = :digest;

-- name: all_tokens
-- Which tokens were made?
SELECT id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left,
  lifetime
FROM token
ORDER BY id;

-- name: add_token
-- A token is made.
INSERT INTO token (
  digest, scope, name, server, created_at, expires_at, uses_left, lifetime, enrolled_by
)
VALUES (
  :digest, :scope, :name, :server, :created_at, :expires_at, :uses_left, :lifetime, :enrolled_by
)
RETURNING id;

-- name: revoke_token
-- A token is worth nothing from now on, if it was anything.
UPDATE token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL RETURNING id;

-- name: use_token
-- A token was used.
UPDATE token SET used_at = :now WHERE id = :id;

-- name: valid_tokens_of_server
-- Which tokens speak for this server alone, and are still good?
SELECT id, used_at FROM token
WHERE server = :server AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: count_enrolment
-- One more server is enrolled with this token, if it may be.
UPDATE token SET uses_left = uses_left - 1 WHERE id = :id AND uses_left > 0 RETURNING uses_left;

-- name: whole_tokens
-- What is kept of every token, for another database?
SELECT
  id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left,
  lifetime, enrolled_by
FROM token
ORDER BY id;

-- name: restore_token
-- A token that another database had.
INSERT INTO token (
  id, digest, scope, name, server, created_at, expires_at, revoked_at, used_at, uses_left,
  lifetime, enrolled_by
)
VALUES (
  :id, :digest, :scope, :name, :server, :created_at, :expires_at, :revoked_at, :used_at, :uses_left,
  :lifetime, :enrolled_by
);

-- name: last_address
-- Where was this server when it last reported?
SELECT p.ipaddress
FROM report AS r
JOIN profile AS p ON p.id = r.profile_id
WHERE r.server_id = :server
ORDER BY r.taken_at DESC, r.id DESC
LIMIT 1;
