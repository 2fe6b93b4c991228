-- name: process_now
-- Which processes like these run now, on the servers from this place on?
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
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at, r.id * 1048576 + s.slot,
  s.pid, d.name, d.username, s.ppid, s.started_at, d.executable, d.command_line,
  f.taken_at, r.taken_at, s.slot
FROM server AS n
CROSS JOIN process_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN program AS d ON d.id = s.program_id
CROSS JOIN report AS r
  ON r.server_id = n.id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = n.id)
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:any = 1 OR EXISTS (SELECT 1 FROM matching))
  AND (:any = 1 OR EXISTS (
    SELECT 1
    FROM matching AS m
    CROSS JOIN process_sighting AS q ON q.server_id = n.id AND q.name_id = m.id
    WHERE q.running > 0
  ))
  AND (:pid IS NULL OR s.pid = :pid)
  AND (:name IS NULL OR d.name = :name)
  AND (:name_like IS NULL OR d.name LIKE :name_like ESCAPE '!')
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: process_at
-- Which processes like these did the servers from this place on show at that moment?
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
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at, r.id * 1048576 + s.slot,
  s.pid, d.name, d.username, s.ppid, s.started_at, d.executable, d.command_line,
  f.taken_at, l.taken_at, s.slot
FROM server AS n
CROSS JOIN report AS r
  ON r.id = (
    SELECT e.id FROM report AS e
    WHERE e.server_id = n.id AND e.taken_at <= :moment
    ORDER BY e.taken_at DESC, e.id DESC LIMIT 1
  )
CROSS JOIN report AS h
  ON h.server_id = n.id
  AND h.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = n.id)
CROSS JOIN span_level AS v ON v.bit <= h.seq OR r.seq < 0
CROSS JOIN process_span AS s
  ON s.server_id = n.id
  AND s.node = (r.seq & v.mask) | v.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN program AS d ON d.id = s.program_id
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
CROSS JOIN report AS l ON l.server_id = n.id AND l.seq = coalesce(s.gone_seq - 1, h.seq)
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:any = 1 OR EXISTS (SELECT 1 FROM matching))
  AND (:any = 1 OR r.seq < 0 OR EXISTS (
    SELECT 1
    FROM matching AS m
    CROSS JOIN process_run AS u
      ON u.server_id = n.id
      AND u.name_id = m.id
      AND u.first_seq = (
        SELECT max(w.first_seq) FROM process_run AS w
        WHERE w.server_id = n.id AND w.name_id = m.id AND w.first_seq <= r.seq
      )
    WHERE u.gone_seq > r.seq OR u.gone_seq IS NULL
  ))
  AND (:pid IS NULL OR s.pid = :pid)
  AND (:name IS NULL OR d.name = :name)
  AND (:name_like IS NULL OR d.name LIKE :name_like ESCAPE '!')
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: process_ever
-- On which servers was a name like this ever seen, from this place on?
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
SELECT
  k.server_id, r.id, p.ipaddress, p.nombre_host, m.name, m.username,
  q.first_at, CASE WHEN q.running > 0 THEN r.taken_at ELSE q.last_at END,
  q.running > 0, k.name_id
FROM (
  SELECT q.server_id AS server_id, q.name_id AS name_id
  FROM matching AS m
  CROSS JOIN process_sighting AS q ON q.name_id = m.id
  WHERE q.server_id >= :server_id AND (q.server_id > :server_id OR q.name_id > :name_id)
  ORDER BY q.server_id, q.name_id
  LIMIT :limit
) AS k
CROSS JOIN process_sighting AS q ON q.server_id = k.server_id AND q.name_id = k.name_id
CROSS JOIN process_name AS m ON m.id = k.name_id
CROSS JOIN report AS r
  ON r.server_id = k.server_id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = k.server_id)
CROSS JOIN profile AS p ON p.id = r.profile_id
ORDER BY k.server_id, k.name_id;

-- name: process_count
-- On how many servers do processes like these run now, and how many?
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
SELECT
  (
    SELECT count(*) FROM server AS n
    WHERE EXISTS (
      SELECT 1
      FROM matching AS m
      CROSS JOIN process_sighting AS q ON q.server_id = n.id AND q.name_id = m.id
      WHERE q.running > 0
    )
  ),
  coalesce((SELECT sum(c.running) FROM process_name AS c WHERE c.id IN (SELECT id FROM matching)), 0);

-- name: login_now
-- Which logins like these are open now, on the servers from this place on?
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at, r.id * 1048576 + s.slot,
  s.pid, d.username, d.terminal, d.origin, s.since,
  f.taken_at, r.taken_at, s.slot
FROM server AS n
CROSS JOIN login_span AS s ON s.server_id = n.id AND s.node = 0
CROSS JOIN account AS d ON d.id = s.account_id
CROSS JOIN report AS r
  ON r.server_id = n.id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = n.id)
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:pid IS NULL OR s.pid = :pid)
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: login_at
-- Which logins like these did the servers from this place on show at that moment?
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at, r.id * 1048576 + s.slot,
  s.pid, d.username, d.terminal, d.origin, s.since,
  f.taken_at, l.taken_at, s.slot
FROM server AS n
CROSS JOIN report AS r
  ON r.id = (
    SELECT e.id FROM report AS e
    WHERE e.server_id = n.id AND e.taken_at <= :moment
    ORDER BY e.taken_at DESC, e.id DESC LIMIT 1
  )
CROSS JOIN report AS h
  ON h.server_id = n.id
  AND h.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = n.id)
CROSS JOIN span_level AS v ON v.bit <= h.seq OR r.seq < 0
CROSS JOIN login_span AS s
  ON s.server_id = n.id
  AND s.node = (r.seq & v.mask) | v.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN account AS d ON d.id = s.account_id
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
CROSS JOIN report AS l ON l.server_id = n.id AND l.seq = coalesce(s.gone_seq - 1, h.seq)
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:pid IS NULL OR s.pid = :pid)
  AND (:username IS NULL OR d.username = :username)
  AND (:username_like IS NULL OR d.username LIKE :username_like ESCAPE '!')
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: login_ever
-- On which servers was a name like this ever seen, from this place on?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM login_name
  WHERE username = :username
  UNION ALL
  SELECT id FROM login_name
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT
  k.server_id, r.id, p.ipaddress, p.nombre_host, m.username,
  q.first_at, CASE WHEN q.running > 0 THEN r.taken_at ELSE q.last_at END,
  q.running > 0, k.name_id
FROM (
  SELECT q.server_id AS server_id, q.name_id AS name_id
  FROM matching AS m
  CROSS JOIN login_sighting AS q ON q.name_id = m.id
  WHERE q.server_id >= :server_id AND (q.server_id > :server_id OR q.name_id > :name_id)
  ORDER BY q.server_id, q.name_id
  LIMIT :limit
) AS k
CROSS JOIN login_sighting AS q ON q.server_id = k.server_id AND q.name_id = k.name_id
CROSS JOIN login_name AS m ON m.id = k.name_id
CROSS JOIN report AS r
  ON r.server_id = k.server_id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = k.server_id)
CROSS JOIN profile AS p ON p.id = r.profile_id
ORDER BY k.server_id, k.name_id;

-- name: login_count
-- On how many servers are logins like these open now, and how many?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM login_name
  WHERE username = :username
  UNION ALL
  SELECT id FROM login_name
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT
  (
    SELECT count(*) FROM server AS n
    WHERE EXISTS (
      SELECT 1
      FROM matching AS m
      CROSS JOIN login_sighting AS q ON q.server_id = n.id AND q.name_id = m.id
      WHERE q.running > 0
    )
  ),
  coalesce((SELECT sum(c.running) FROM login_name AS c WHERE c.id IN (SELECT id FROM matching)), 0);
