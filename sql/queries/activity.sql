-- name: users_of_program
-- As which users do programs like these run now, and how many processes each?
SELECT d.username, sum(a.running)
FROM program AS d
CROSS JOIN program_activity AS a ON a.program_id = d.id AND a.running > 0
WHERE d.name = :name
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
GROUP BY d.username
UNION ALL
SELECT d.username, sum(a.running)
FROM program AS d
CROSS JOIN program_activity AS a ON a.program_id = d.id AND a.running > 0
WHERE :name IS NULL
  AND (:name_like IS NULL OR d.name LIKE :name_like ESCAPE '!')
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
GROUP BY d.username
ORDER BY 2 DESC, 1;

-- name: programs_of_user
-- Which programs run now as users like these, and how many processes of each?
SELECT d.name, sum(a.running)
FROM program_activity AS a
CROSS JOIN program AS d ON d.id = a.program_id
WHERE a.running > 0
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
GROUP BY d.name
ORDER BY 2 DESC, 1;

-- name: process_extent
-- On how many servers was anything like this ever seen, when first, and when last, if none runs?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM program
  WHERE name = :name
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
  UNION ALL
  SELECT id FROM program
  WHERE :name IS NULL
    AND (:name_like IS NULL OR name LIKE :name_like ESCAPE '!')
    AND (:username IS NULL OR username = :username)
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT count(DISTINCT q.server_id), min(q.first_at), max(q.last_at), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN process_sighting AS q ON q.program_id = m.id;

-- name: login_extent
-- On how many servers was anyone like this ever logged in, when first, and when last, if not now?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM account
  WHERE username = :username
  UNION ALL
  SELECT id FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT count(DISTINCT q.server_id), min(q.first_at), max(q.last_at), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN login_sighting AS q ON q.account_id = m.id;

-- name: number_of_servers
-- How many servers are known?
SELECT count(*) FROM server;
