-- fragment: last_arrival
-- When the newest arrival of a server was received; joins newest and latest_late.
CASE
  WHEN latest_late.received_at > newest.received_at THEN latest_late.received_at
  ELSE newest.received_at
END,

-- fragment: newest_and_latest_late
-- Joins of a server: its newest report, and its last late one, or its first where none was late.
CROSS JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
CROSS JOIN report AS latest_late
  ON latest_late.server_id = server.id
  AND latest_late.seq = (SELECT min(seq) FROM report WHERE report.server_id = server.id)

-- name: fleet_now
-- The newest record of every server after :after, and when the server was last heard.
SELECT
  server.id,
  -- include: last_arrival
  -- include: record_columns
FROM server
-- include: newest_and_latest_late
JOIN servers ON servers.id_serv = newest.id
WHERE server.id > :after
ORDER BY server.id;

-- name: fleet_at
-- The record that was the newest of every server after :after at :moment.
SELECT
  server.id, shown.taken_at,
  -- include: record_columns
FROM server
CROSS JOIN report AS shown
  ON shown.id = (
    SELECT id FROM report
    WHERE report.server_id = server.id AND report.taken_at <= :moment
    ORDER BY taken_at DESC, id DESC LIMIT 1
  )
JOIN servers ON servers.id_serv = shown.id
WHERE server.id > :after
ORDER BY server.id;

-- name: fleet_outline
-- System and architecture of every server, and when it was last heard.
SELECT
  server.id,
  -- include: last_arrival
  profile.nombre_so, profile.version_so, profile.arquitectura_proc
FROM server
-- include: newest_and_latest_late
CROSS JOIN profile ON profile.id = newest.profile_id
ORDER BY server.id;

-- name: latest_report_times
-- When the last reports of this server up to :moment were taken, the latest first.
SELECT taken_at FROM report
WHERE server_id = :server_id AND taken_at <= :moment
ORDER BY taken_at DESC
LIMIT :limit;

-- name: arrivals_by_hour
-- Number of reports that arrived in each hour from :first on. Hours without any are left out.
SELECT hour, reports FROM arrival_hour WHERE hour >= :first ORDER BY hour;

-- name: busiest_programs
-- Programs with the most running processes.
SELECT name, sum(running) FROM process_name
WHERE running > 0
GROUP BY name
ORDER BY sum(running) DESC, name
LIMIT :limit;

-- name: busiest_users
-- Users with the most running processes.
SELECT username, sum(running) FROM process_name
WHERE running > 0
GROUP BY username
ORDER BY sum(running) DESC, username
LIMIT :limit;

-- name: latest_profile_changes
-- The latest changes of a profile over all servers, first reports included.
SELECT
  profile_change.report_id, report.taken_at, profile_change.server_id, profile.ipaddress,
  profile.nombre_host, profile_change.profile_id, profile_change.former_id
FROM profile_change
JOIN report ON report.id = profile_change.report_id
JOIN profile ON profile.id = profile_change.profile_id
ORDER BY profile_change.report_id DESC
LIMIT :limit;

-- name: latest_programs
-- Program names that were new to the fleet last, without those of the first report of a server.
SELECT
  report.taken_at, report.server_id, report.id, profile.ipaddress, profile.nombre_host, newest.name
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
  report.taken_at, report.server_id, report.id, profile.ipaddress, profile.nombre_host,
  newest.username
FROM (
  SELECT id, username, server_id, first_seq FROM login_name ORDER BY id DESC LIMIT :latest
) AS newest
CROSS JOIN report ON report.server_id = newest.server_id AND report.seq = newest.first_seq
CROSS JOIN profile ON profile.id = report.profile_id
WHERE newest.first_seq <> 1 AND newest.username IS NOT NULL
ORDER BY newest.id DESC
LIMIT :limit;
