-- name: busiest
-- Programs with the most processes that run now (kind 1), and users with the most (kind 2).
WITH running (name_id, processes) AS MATERIALIZED (
  SELECT sighting.name_id, sum(sighting.running)
  FROM server
  CROSS JOIN process_sighting AS sighting ON sighting.server_id = server.id
  WHERE sighting.running > 0
    AND NOT
    -- include: is_silent
  GROUP BY sighting.name_id
)
SELECT kind, name, processes
FROM (
  SELECT 1 AS kind, process_name.name AS name, sum(running.processes) AS processes
  FROM running
  JOIN process_name ON process_name.id = running.name_id
  GROUP BY process_name.name
  ORDER BY processes DESC, name
  LIMIT :limit
) AS program
UNION ALL
SELECT kind, name, processes
FROM (
  SELECT 2 AS kind, process_name.username AS name, sum(running.processes) AS processes
  FROM running
  JOIN process_name ON process_name.id = running.name_id
  GROUP BY process_name.username
  ORDER BY processes DESC, name
  LIMIT :limit
) AS username
ORDER BY kind, processes DESC, name;

-- name: users_of_program
-- Users that run such processes now, and how many each; the most first.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_process_names
)
SELECT process_name.username, sum(sighting.running)
FROM matching
CROSS JOIN process_name ON process_name.id = matching.id
CROSS JOIN process_sighting AS sighting ON sighting.name_id = matching.id
CROSS JOIN server ON server.id = sighting.server_id
WHERE sighting.running > 0
  AND NOT
  -- include: is_silent
GROUP BY process_name.username
ORDER BY 2 DESC, 1;

-- name: programs_of_user
-- Programs that such users run now, and how many processes of each; the most first.
SELECT process_name.name, sum(sighting.running)
FROM process_name
CROSS JOIN process_sighting AS sighting ON sighting.name_id = process_name.id
CROSS JOIN server ON server.id = sighting.server_id
WHERE sighting.running > 0
  AND NOT
  -- include: is_silent
  AND (:username IS NULL OR process_name.username = :username)
  AND (:username_like IS NULL OR process_name.username LIKE :username_like ESCAPE '!')
GROUP BY process_name.name
ORDER BY 2 DESC, 1;

-- name: process_count
-- Servers that run such processes now, these processes, and silent servers that showed them last.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_process_names
), shown (server_id, running, silent) AS (
  SELECT
    server.id, sighting.running,
    -- include: is_silent
  FROM matching
  CROSS JOIN process_sighting AS sighting ON sighting.name_id = matching.id
  CROSS JOIN server ON server.id = sighting.server_id
  WHERE sighting.running > 0
)
SELECT
  count(DISTINCT CASE WHEN NOT silent THEN server_id END),
  coalesce(sum(CASE WHEN NOT silent THEN running END), 0),
  count(DISTINCT CASE WHEN silent THEN server_id END)
FROM shown;

-- name: login_count
-- Servers where such logins are open now, these logins, and silent servers that showed them last.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_login_names
), shown (server_id, running, silent) AS (
  SELECT
    server.id, sighting.running,
    -- include: is_silent
  FROM matching
  CROSS JOIN login_sighting AS sighting ON sighting.name_id = matching.id
  CROSS JOIN server ON server.id = sighting.server_id
  WHERE sighting.running > 0
)
SELECT
  count(DISTINCT CASE WHEN NOT silent THEN server_id END),
  coalesce(sum(CASE WHEN NOT silent THEN running END), 0),
  count(DISTINCT CASE WHEN silent THEN server_id END)
FROM shown;

-- fragment: first_last_seen
-- The columns of a FirstLastSeen: servers, first and last time, and on how many it is now.
count(DISTINCT sighting.server_id), min(sighting.first_at),
max(
  CASE
    WHEN sighting.running = 0 THEN sighting.last_at
    WHEN sighting.silent THEN (
      SELECT newest.placed_at FROM report AS newest
      WHERE newest.server_id = sighting.server_id AND newest.seq > 0
      ORDER BY newest.placed_at DESC
      LIMIT 1
    )
  END
),
count(CASE WHEN sighting.running > 0 AND NOT sighting.silent THEN 1 END)

-- name: process_first_last_seen
-- Number of servers that ever showed such processes, when first, and when last if none runs.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_process_names
), sighting (server_id, running, first_at, last_at, silent) AS (
  SELECT
    seen.server_id, seen.running, seen.first_at, seen.last_at,
    -- include: is_silent
  FROM matching
  CROSS JOIN process_sighting AS seen ON seen.name_id = matching.id
  CROSS JOIN server ON server.id = seen.server_id
)
SELECT
  -- include: first_last_seen
FROM sighting;

-- name: login_first_last_seen
-- Number of servers that ever showed such logins, when first, and when last if none is open.
WITH matching (id) AS MATERIALIZED (
  -- include: matching_login_names
), sighting (server_id, running, first_at, last_at, silent) AS (
  SELECT
    seen.server_id, seen.running, seen.first_at, seen.last_at,
    -- include: is_silent
  FROM matching
  CROSS JOIN login_sighting AS seen ON seen.name_id = matching.id
  CROSS JOIN server ON server.id = seen.server_id
)
SELECT
  -- include: first_last_seen
FROM sighting;

-- name: commands_of_program
-- Executables and command lines of such programs, among those that were new last.
SELECT DISTINCT executable, command_line
FROM (
  SELECT id, executable, command_line FROM program
  WHERE name = :name
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  UNION ALL
  SELECT id, executable, command_line FROM program
  WHERE :name IS NULL
    AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  ORDER BY id DESC
  LIMIT :limit
) AS latest
WHERE executable IS NOT NULL OR command_line IS NOT NULL;

-- name: origins_of_user
-- Terminals and origins of such logins, among those that were new last.
SELECT DISTINCT terminal, origin
FROM (
  SELECT id, terminal, origin FROM account
  WHERE username = :username
  UNION ALL
  SELECT id, terminal, origin FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  ORDER BY id DESC
  LIMIT :limit
) AS latest
WHERE terminal IS NOT NULL OR origin IS NOT NULL;

-- name: runs_of_program
-- The latest runs of this name on this server.
SELECT run.server_id, first_report.placed_at, last_report.placed_at
FROM (
  SELECT server_id, first_seq, gone_seq FROM process_run
  WHERE server_id = :server_id AND name_id = :name_id
  ORDER BY first_seq DESC
  LIMIT :limit
) AS run
CROSS JOIN report AS first_report
  ON first_report.server_id = run.server_id AND first_report.seq = run.first_seq
CROSS JOIN report AS last_report
  ON last_report.server_id = run.server_id
  AND last_report.seq = coalesce(
    run.gone_seq - 1, (SELECT max(seq) FROM report WHERE report.server_id = run.server_id)
  )
ORDER BY run.first_seq;

-- name: number_of_servers
-- Number of known servers.
SELECT count(*) FROM server;
