-- name: servers_heard
-- Every server, with whether it is silent now.
SELECT
  server.id,
  -- include: is_silent
  AS silent
FROM server
ORDER BY server.id;

-- name: records_at
-- Every server that had a record at :moment, with the number and the place of the one shown.
SELECT server.id, shown.seq, shown.placed_at
FROM server
CROSS JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq =
  -- include: shown_at_moment
ORDER BY server.id;
