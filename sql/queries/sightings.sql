-- name: process_now
-- Which processes like these run now, on the servers from this place on?
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
), candidate (server_id) AS MATERIALIZED (
  SELECT DISTINCT q.server_id
  FROM matching AS m
  CROSS JOIN process_sighting AS q ON q.program_id = m.id
  WHERE q.running > 0
)
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at,
  r.id * 1048576 + s.slot,
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
  AND (:any = 1 OR n.id IN (SELECT server_id FROM candidate))
  AND (:any = 1 OR s.program_id IN (SELECT id FROM matching))
  AND (:pid IS NULL OR s.pid = :pid)
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: process_at
-- Which processes like these did the servers from this place on show at that moment?
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
), candidate (server_id) AS MATERIALIZED (
  SELECT DISTINCT q.server_id
  FROM matching AS m
  CROSS JOIN process_sighting AS q ON q.program_id = m.id
  WHERE q.first_at <= :moment
)
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at,
  r.id * 1048576 + s.slot,
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
CROSS JOIN span_level AS v ON v.bit <= h.seq
CROSS JOIN process_span AS s
  ON s.server_id = n.id
  AND s.node = (r.seq & v.mask) | v.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN program AS d ON d.id = s.program_id
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
CROSS JOIN report AS l
  ON l.server_id = n.id
  AND l.seq = coalesce(s.gone_seq - 1, h.seq)
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:any = 1 OR n.id IN (SELECT server_id FROM candidate))
  AND (:any = 1 OR EXISTS (
    -- Some server showed it before that moment, but no more then.
    SELECT 1 FROM process_sighting AS q
    WHERE q.server_id = n.id
      AND +q.program_id IN (SELECT id FROM matching)
      AND q.first_at <= r.taken_at
      AND (q.running > 0 OR q.last_at >= r.taken_at)
  ))
  AND (:any = 1 OR s.program_id IN (SELECT id FROM matching))
  AND (:pid IS NULL OR s.pid = :pid)
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: process_ever
-- Where was anything like this ever seen, from this place on?
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
SELECT
  k.server_id, r.id, p.ipaddress, p.nombre_host,
  d.name, d.username, d.executable, d.command_line,
  q.first_at, CASE WHEN q.running > 0 THEN r.taken_at ELSE q.last_at END, q.running > 0,
  k.program_id
FROM (
  SELECT q.server_id AS server_id, q.program_id AS program_id
  FROM matching AS m
  CROSS JOIN process_sighting AS q ON q.program_id = m.id
  WHERE q.server_id >= :server_id
    AND (q.server_id > :server_id OR q.program_id > :program_id)
  ORDER BY q.server_id, q.program_id
  LIMIT :limit
) AS k
CROSS JOIN process_sighting AS q ON q.server_id = k.server_id AND q.program_id = k.program_id
CROSS JOIN program AS d ON d.id = k.program_id
CROSS JOIN report AS r
  ON r.server_id = k.server_id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = k.server_id)
CROSS JOIN profile AS p ON p.id = r.profile_id
ORDER BY k.server_id, k.program_id;

-- name: process_count
-- On how many servers does anything like this run now, and how many of it?
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
SELECT count(DISTINCT q.server_id), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN process_sighting AS q ON q.program_id = m.id
WHERE q.running > 0;

-- name: login_now
-- Which logins like these are open now, on the servers from this place on?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM account
  WHERE username = :username
  UNION ALL
  SELECT id FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
), candidate (server_id) AS MATERIALIZED (
  SELECT DISTINCT q.server_id
  FROM matching AS m
  CROSS JOIN login_sighting AS q ON q.account_id = m.id
  WHERE q.running > 0
)
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at,
  r.id * 1048576 + s.slot, s.pid, d.username, d.terminal, d.origin, s.since,
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
  AND (:any = 1 OR n.id IN (SELECT server_id FROM candidate))
  AND (:any = 1 OR s.account_id IN (SELECT id FROM matching))
  AND (:pid IS NULL OR s.pid = :pid)
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: login_at
-- Which logins like these did the servers from this place on show at that moment?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM account
  WHERE username = :username
  UNION ALL
  SELECT id FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
), candidate (server_id) AS MATERIALIZED (
  SELECT DISTINCT q.server_id
  FROM matching AS m
  CROSS JOIN login_sighting AS q ON q.account_id = m.id
  WHERE q.first_at <= :moment
)
SELECT
  n.id, r.id, p.ipaddress, p.nombre_host, r.taken_at,
  r.id * 1048576 + s.slot, s.pid, d.username, d.terminal, d.origin, s.since,
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
CROSS JOIN span_level AS v ON v.bit <= h.seq
CROSS JOIN login_span AS s
  ON s.server_id = n.id
  AND s.node = (r.seq & v.mask) | v.bit
  AND s.first_seq <= r.seq
  AND (s.gone_seq > r.seq OR s.gone_seq IS NULL)
CROSS JOIN account AS d ON d.id = s.account_id
CROSS JOIN profile AS p ON p.id = r.profile_id
CROSS JOIN report AS f ON f.server_id = n.id AND f.seq = s.first_seq
CROSS JOIN report AS l
  ON l.server_id = n.id
  AND l.seq = coalesce(s.gone_seq - 1, h.seq)
WHERE n.id >= :server_id
  AND (n.id > :server_id OR s.slot > :slot)
  AND (:any = 1 OR n.id IN (SELECT server_id FROM candidate))
  AND (:any = 1 OR EXISTS (
    -- Some server showed it before that moment, but no more then.
    SELECT 1 FROM login_sighting AS q
    WHERE q.server_id = n.id
      AND +q.account_id IN (SELECT id FROM matching)
      AND q.first_at <= r.taken_at
      AND (q.running > 0 OR q.last_at >= r.taken_at)
  ))
  AND (:any = 1 OR s.account_id IN (SELECT id FROM matching))
  AND (:pid IS NULL OR s.pid = :pid)
ORDER BY n.id, s.slot
LIMIT :limit;

-- name: login_ever
-- Where was anything like this ever seen, from this place on?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM account
  WHERE username = :username
  UNION ALL
  SELECT id FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT
  k.server_id, r.id, p.ipaddress, p.nombre_host,
  d.username, d.terminal, d.origin,
  q.first_at, CASE WHEN q.running > 0 THEN r.taken_at ELSE q.last_at END, q.running > 0,
  k.account_id
FROM (
  SELECT q.server_id AS server_id, q.account_id AS account_id
  FROM matching AS m
  CROSS JOIN login_sighting AS q ON q.account_id = m.id
  WHERE q.server_id >= :server_id
    AND (q.server_id > :server_id OR q.account_id > :account_id)
  ORDER BY q.server_id, q.account_id
  LIMIT :limit
) AS k
CROSS JOIN login_sighting AS q ON q.server_id = k.server_id AND q.account_id = k.account_id
CROSS JOIN account AS d ON d.id = k.account_id
CROSS JOIN report AS r
  ON r.server_id = k.server_id
  AND r.seq = (SELECT max(e.seq) FROM report AS e WHERE e.server_id = k.server_id)
CROSS JOIN profile AS p ON p.id = r.profile_id
ORDER BY k.server_id, k.account_id;

-- name: login_count
-- On how many servers does anything like this stand open now, and how many of it?
WITH matching (id) AS MATERIALIZED (
  SELECT id FROM account
  WHERE username = :username
  UNION ALL
  SELECT id FROM account
  WHERE :username IS NULL
    AND (:username_like IS NULL OR username LIKE :username_like ESCAPE '!')
)
SELECT count(DISTINCT q.server_id), coalesce(sum(q.running), 0)
FROM matching AS m
CROSS JOIN login_sighting AS q ON q.account_id = m.id
WHERE q.running > 0;
