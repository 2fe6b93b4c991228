-- fragment: profile_may_match
-- Condition on profile: a ServerFilter may select such a server; its texts in q may be others.
AND (:nombre_so IS NULL OR profile.nombre_so = :nombre_so)
AND (:version_so IS NULL OR profile.version_so = :version_so)
AND (:arquitectura_proc IS NULL OR profile.arquitectura_proc = :arquitectura_proc)
AND (:address_like IS NULL OR profile.ipaddress LIKE :address_like)
AND (
  :q_like IS NULL
  OR profile.ipaddress LIKE :q_like ESCAPE '!'
  OR profile.nombre_host LIKE :q_like ESCAPE '!'
  OR profile.nombre_so LIKE :q_like ESCAPE '!'
  OR profile.version_so LIKE :q_like ESCAPE '!'
  OR profile.arquitectura_proc LIKE :q_like ESCAPE '!'
  OR profile.marca_proc LIKE :q_like ESCAPE '!'
  OR server.identity LIKE :q_like ESCAPE '!'
  -- LIKE knows the case of ASCII letters alone. These texts are compared elsewhere.
  OR length(server.identity) < length(CAST(server.identity AS BLOB))
  OR length(profile.nombre_host) < length(CAST(profile.nombre_host AS BLOB))
  OR length(profile.nombre_so) < length(CAST(profile.nombre_so AS BLOB))
  OR length(profile.version_so) < length(CAST(profile.version_so AS BLOB))
  OR length(profile.arquitectura_proc) < length(CAST(profile.arquitectura_proc AS BLOB))
  OR length(profile.marca_proc) < length(CAST(profile.marca_proc AS BLOB))
)

-- name: fleet_now
-- Newest records of servers :first to :last, when they were last heard, and whether they are silent or
-- retired.
SELECT
  server.id, server.heard_at,
  -- include: is_silent
  AS silent,
  -- include: is_retired
  AS retired,
  -- include: record_columns
FROM server
CROSS JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
CROSS JOIN profile ON profile.id = newest.profile_id
CROSS JOIN servers ON servers.id_serv = newest.id
WHERE server.id BETWEEN :first AND :last
  AND (:silent IS NULL OR :silent =
    -- include: is_silent
  )
  AND (:retired IS NULL OR :retired =
    -- include: is_retired
  )
  AND (:tag_key IS NULL OR server.id IN (
    -- include: bearers_of_tag
  ))
  -- include: profile_may_match
ORDER BY server.id;

-- name: fleet_at
-- Records of servers :first to :last that are shown at :moment, their places, and the next places.
SELECT
  server.id, shown.placed_at,
  -- include: next_place
  AS next_place,
  -- include: first_late
  AS first_late,
  -- include: was_retired
  AS retired,
  -- include: record_columns
FROM server
CROSS JOIN report AS shown
  ON shown.server_id = server.id
  AND shown.seq =
  -- include: shown_at_moment
CROSS JOIN profile ON profile.id = shown.profile_id
CROSS JOIN servers ON servers.id_serv = shown.id
WHERE server.id BETWEEN :first AND :last
  AND (:retired IS NULL OR :retired =
    -- include: was_retired
  )
  AND (:tag_key IS NULL OR server.id IN (
    -- include: bearers_of_tag
  ))
  -- include: profile_may_match
ORDER BY server.id;

-- name: fleet_outline
-- Every server that is not retired: when it was last heard, whether it is silent, its system and its architecture.
SELECT
  server.id, server.heard_at,
  -- include: is_silent
  AS silent,
  profile.nombre_so, profile.version_so, profile.arquitectura_proc
FROM server
CROSS JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
CROSS JOIN profile ON profile.id = newest.profile_id
WHERE NOT
  -- include: is_retired
ORDER BY server.id;

-- name: number_of_retired
-- How many servers are retired.
SELECT count(*) FROM server
WHERE
  -- include: is_retired
;

-- name: last_arrival
-- When the last report of all arrived; later than now if our own clock was set back.
SELECT max(greatest_arrival_at) FROM server;

-- name: arrivals_by_hour
-- Number of reports that arrived in each hour from :first on. Hours without any are left out.
SELECT hour, sum(reports)
FROM (
  SELECT hour, reports FROM arrival_hour WHERE hour >= :first
  UNION ALL
  SELECT counted_hour, counted_reports FROM server WHERE counted_hour >= :first
) AS counted
GROUP BY hour
ORDER BY hour;

-- name: latest_profile_changes
-- The latest changes of a profile over all servers, first reports included.
SELECT
  profile_change.report_id, report.placed_at, profile_change.server_id, profile.ipaddress,
  profile.nombre_host, profile_change.profile_id, profile_change.former_id
FROM profile_change
JOIN report ON report.id = profile_change.report_id
JOIN profile ON profile.id = profile_change.profile_id
ORDER BY profile_change.report_id DESC
LIMIT :limit;

-- name: latest_retirements
-- The latest servers that were retired or came back: kind, when, and the record that tells of it.
SELECT
  found.kind, found.told_at, found.server_id, found.report_id, profile.ipaddress, profile.nombre_host,
  found.reason
FROM (
  SELECT
    'servidor_retirado' AS kind, retirement.at AS told_at, retirement.server_id AS server_id,
    (
      SELECT last.id FROM report AS last
      WHERE last.server_id = retirement.server_id
        AND last.seq > 0
        AND last.id <= retirement.after_report_id
      ORDER BY last.seq DESC
      LIMIT 1
    ) AS report_id,
    retirement.reason AS reason
  FROM retirement
  UNION ALL
  SELECT 'servidor_vuelve', back.received_at, back.server_id, back.id, NULL
  FROM retirement
  JOIN report AS back ON back.id = (
    SELECT first_back.id FROM report AS first_back
    WHERE first_back.server_id = retirement.server_id
      AND first_back.seq > 0
      AND first_back.id > retirement.after_report_id
    ORDER BY first_back.seq
    LIMIT 1
  )
) AS found
JOIN report ON report.id = found.report_id
JOIN profile ON profile.id = report.profile_id
ORDER BY found.told_at DESC
LIMIT :limit;

-- name: latest_programs
-- Program names that were new to the fleet last, without those of the first report of a server.
SELECT
  report.placed_at, report.server_id, report.id, profile.ipaddress, profile.nombre_host,
  newest.name
FROM (
  SELECT id, name, server_id, first_seq FROM process_name ORDER BY id DESC LIMIT :latest
) AS newest
CROSS JOIN report ON report.server_id = newest.server_id AND report.seq = newest.first_seq
CROSS JOIN profile ON profile.id = report.profile_id
WHERE newest.first_seq <> 1
  AND newest.name IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM process_name AS older WHERE older.name = newest.name AND older.id < newest.id
  )
ORDER BY newest.id DESC
LIMIT :limit;

-- name: latest_users
-- Users whose login was new to the fleet last, without those of the first report of a server.
SELECT
  report.placed_at, report.server_id, report.id, profile.ipaddress, profile.nombre_host,
  newest.username
FROM (
  SELECT id, username, server_id, first_seq FROM login_name ORDER BY id DESC LIMIT :latest
) AS newest
CROSS JOIN report ON report.server_id = newest.server_id AND report.seq = newest.first_seq
CROSS JOIN profile ON profile.id = report.profile_id
WHERE newest.first_seq <> 1 AND newest.username IS NOT NULL
ORDER BY newest.id DESC
LIMIT :limit;
