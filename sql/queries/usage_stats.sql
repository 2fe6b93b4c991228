-- name: busiest
-- Programs with the most processes that run now (kind 1), and users with the most (kind 2).
WITH running (name_id, processes) AS MATERIALIZED (
  SELECT sighting.name_id, sum(sighting.running)
  FROM server
  CROSS JOIN process_sighting AS sighting ON sighting.server_id = server.id
  WHERE sighting.running > 0
    AND NOT
    -- include: is_silent
    AND NOT
    -- include: is_retired
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

-- fragment: looked_at
-- How many names and sightings were looked at; as many as :most: there may be more.
(SELECT count(*) FROM matching) AS names, (SELECT count(*) FROM sighting) AS sightings

-- fragment: matching_process_sightings
-- Sightings of the names that match, at most :most.
SELECT seen.server_id, seen.name_id, seen.running, seen.first_at, seen.last_at
FROM matching
CROSS JOIN process_sighting AS seen ON seen.name_id = matching.id
LIMIT :most

-- fragment: matching_login_sightings
-- Sightings of the names that match, at most :most.
SELECT seen.server_id, seen.name_id, seen.running, seen.first_at, seen.last_at
FROM matching
CROSS JOIN login_sighting AS seen ON seen.name_id = matching.id
LIMIT :most

-- name: users_of_program
-- First what was looked at; then users that run such processes now, and how many; the most first.
WITH matching (id) AS MATERIALIZED (
  SELECT id
  FROM (
    -- include: matching_process_names
  ) AS looked_through
  LIMIT :most
), sighting (server_id, name_id, running, first_at, last_at) AS MATERIALIZED (
  -- include: matching_process_sightings
)
SELECT names, sightings, username, processes
FROM (
  SELECT
    -- include: looked_at
    , NULL AS username, NULL AS processes
  UNION ALL
  SELECT NULL, NULL, process_name.username, sum(sighting.running)
  FROM sighting
  CROSS JOIN process_name ON process_name.id = sighting.name_id
  CROSS JOIN server ON server.id = sighting.server_id
  WHERE sighting.running > 0
    AND NOT
    -- include: is_silent
    AND NOT
    -- include: is_retired
  GROUP BY process_name.username
) AS counted
ORDER BY names IS NULL, processes DESC, username;

-- name: programs_of_user
-- First what was looked at; then programs that such users run now, and how many; the most first.
WITH matching (id) AS MATERIALIZED (
  SELECT id
  FROM (
    -- include: matching_process_names
  ) AS looked_through
  LIMIT :most
), sighting (server_id, name_id, running, first_at, last_at) AS MATERIALIZED (
  -- include: matching_process_sightings
)
SELECT names, sightings, name, processes
FROM (
  SELECT
    -- include: looked_at
    , NULL AS name, NULL AS processes
  UNION ALL
  SELECT NULL, NULL, process_name.name, sum(sighting.running)
  FROM sighting
  CROSS JOIN process_name ON process_name.id = sighting.name_id
  CROSS JOIN server ON server.id = sighting.server_id
  WHERE sighting.running > 0
    AND NOT
    -- include: is_silent
    AND NOT
    -- include: is_retired
  GROUP BY process_name.name
) AS counted
ORDER BY names IS NULL, processes DESC, name;

-- fragment: presence
-- The columns of a Presence: those of its Count, then those of its FirstLastSeen, with on how many it
-- is now. shown.silent: 0, 1, or 2 for a server that is retired.
count(DISTINCT CASE WHEN shown.running > 0 AND shown.silent = 0 THEN shown.server_id END),
coalesce(sum(CASE WHEN shown.silent = 0 THEN shown.running END), 0),
count(DISTINCT CASE WHEN shown.running > 0 AND shown.silent = 1 THEN shown.server_id END),
count(DISTINCT shown.server_id), min(shown.first_at),
max(
  CASE
    WHEN shown.running = 0 THEN shown.last_at
    WHEN shown.silent > 0 THEN (
      SELECT newest.placed_at FROM report AS newest
      WHERE newest.server_id = shown.server_id AND newest.seq > 0
      ORDER BY newest.placed_at DESC
      LIMIT 1
    )
  END
),
count(CASE WHEN shown.running > 0 AND shown.silent = 0 THEN 1 END)

-- name: process_presence
-- Servers with such processes now, these processes, and silent servers that showed them last; number of
-- servers that ever showed such, when first, and when last if none runs.
WITH matching (id) AS MATERIALIZED (
  SELECT id
  FROM (
    -- include: matching_process_names
  ) AS looked_through
  LIMIT :most
), sighting (server_id, name_id, running, first_at, last_at) AS MATERIALIZED (
  -- include: matching_process_sightings
), shown (server_id, running, first_at, last_at, silent) AS (
  SELECT
    sighting.server_id, sighting.running, sighting.first_at, sighting.last_at,
    CASE WHEN
    -- include: is_retired
    THEN 2 ELSE
    -- include: is_silent
    END
  FROM sighting
  CROSS JOIN server ON server.id = sighting.server_id
)
SELECT
  -- include: presence
  ,
  -- include: looked_at
FROM shown;

-- name: login_presence
-- Servers with such logins now, these logins, and silent servers that showed them last; number of
-- servers that ever showed such, when first, and when last if none is open.
WITH matching (id) AS MATERIALIZED (
  SELECT id
  FROM (
    -- include: matching_login_names
  ) AS looked_through
  LIMIT :most
), sighting (server_id, name_id, running, first_at, last_at) AS MATERIALIZED (
  -- include: matching_login_sightings
), shown (server_id, running, first_at, last_at, silent) AS (
  SELECT
    sighting.server_id, sighting.running, sighting.first_at, sighting.last_at,
    CASE WHEN
    -- include: is_retired
    THEN 2 ELSE
    -- include: is_silent
    END
  FROM sighting
  CROSS JOIN server ON server.id = sighting.server_id
)
SELECT
  -- include: presence
  ,
  -- include: looked_at
FROM shown;

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
    AND id > :oldest_program
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
    AND id > :oldest_account
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

-- name: last_program
-- The newest id of the dictionary of programs; null if there is none.
SELECT max(id) FROM program;

-- name: last_account
-- The newest id of the dictionary of accounts; null if there is none.
SELECT max(id) FROM account;

-- name: number_of_servers
-- Number of servers that are not retired.
SELECT count(*) FROM server
WHERE NOT
  -- include: is_retired
;
