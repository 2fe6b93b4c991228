-- name: servers_heard
-- Every server that is not retired, with whether it is silent now.
SELECT
  server.id,
  -- include: is_silent
  AS silent
FROM server
WHERE NOT
  -- include: is_retired
ORDER BY server.id;

-- name: records_at
-- Every server that had a record at :moment and was not retired then, with the number and the place of
-- the one shown.
SELECT server.id, shown.seq, shown.placed_at
FROM server
CROSS JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq =
  -- include: shown_at_moment
WHERE NOT
  -- include: was_retired
ORDER BY server.id;
