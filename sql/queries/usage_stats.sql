-- name: users_of_program
-- As which users do programs like these run now, and how many processes each?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM process_name
  WHERE name = :name
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  UNION ALL
  SELECT id FROM process_name
  WHERE :name IS NULL
    AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT d.username, sum(d.running)
FROM matching AS m
CROSS JOIN process_name AS d ON d.id = m.id
WHERE d.running > 0
GROUP BY d.username
ORDER BY 2 DESC, 1;

-- name: programs_of_user
-- Which programs run now as users like these, and how many processes of each?
SELECT d.name, sum(d.running)
FROM process_name AS d
WHERE d.running > 0
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
GROUP BY d.name
ORDER BY 2 DESC, 1;

-- name: process_extent
-- On how many servers was anything like this ever seen, when first, and when last, if none runs?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM process_name
  WHERE name = :name
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  UNION ALL
  SELECT id FROM process_name
  WHERE :name IS NULL
    AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT count(DISTINCT q.server_id), min(q.first_at), max(q.last_at), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN process_sighting AS q ON q.name_id = m.id;

-- name: login_extent
-- On how many servers was anyone like this ever logged in, when first, and when last, if not now?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM login_name
  WHERE username = :username
  UNION ALL
  SELECT id FROM login_name
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT count(DISTINCT q.server_id), min(q.first_at), max(q.last_at), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN login_sighting AS q ON q.name_id = m.id;

-- name: commands_of_program
-- In which ways were programs like these started, those that came up last before the others?
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
-- On which terminals, and from where, did users like these log in, the latest before the others?
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
-- From when to when was each of what this page of process_ever tells shown without a break, lately?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM process_name
  WHERE name = :name
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  UNION ALL
  SELECT id FROM process_name
  WHERE :name IS NULL
    AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT k.server_id, f.taken_at, l.taken_at
FROM (
  SELECT q.server_id AS server_id, q.name_id AS name_id
  FROM matching AS m
  CROSS JOIN process_sighting AS q ON q.name_id = m.id
  WHERE q.server_id >= :server_id AND (q.server_id > :server_id OR q.name_id > :name_id)
  ORDER BY q.server_id, q.name_id
  LIMIT :limit
) AS k
CROSS JOIN process_run AS u
  ON u.server_id = k.server_id
  AND u.name_id = k.name_id
  AND u.first_seq >= coalesce(
    (
      SELECT e.first_seq FROM process_run AS e
      WHERE e.server_id = k.server_id AND e.name_id = k.name_id
      ORDER BY e.first_seq DESC
      LIMIT 1 OFFSET :others
    ),
    1
  )
CROSS JOIN report AS f ON f.server_id = u.server_id AND f.seq = u.first_seq
CROSS JOIN report AS l
  ON l.server_id = u.server_id
  AND l.seq = coalesce(
    u.gone_seq - 1, (SELECT max(e.seq) FROM report AS e WHERE e.server_id = u.server_id)
  )
ORDER BY k.server_id, k.name_id, u.first_seq;

-- name: number_of_servers
-- How many servers are known?
SELECT count(*) FROM server;
