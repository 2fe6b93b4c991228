-- name: fleet_now
-- What is the newest record of every server, from the server after this one on, and who was heard?
SELECT
  s.id, CASE WHEN l.received_at > r.received_at THEN l.received_at ELSE r.received_at END,
  v.id_serv, v.ipaddress, v.fecha_hora, v.arquitectura_proc, v.marca_proc, v.nombre_so,
  v.version_so, v.version_esquema, v.id_maquina, v.nombre_host, v.nucleo, v.version_agente,
  v.fuente_usuarios, v.descartados, v.id_clonado
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN report AS l  -- its last late one, else its first
  ON l.server_id = s.id
  AND l.seq = (SELECT min(n.seq) FROM report AS n WHERE n.server_id = s.id)
JOIN servers AS v ON v.id_serv = r.id
WHERE s.id > :after
ORDER BY s.id;

-- name: fleet_at
-- What was the newest record of every server at that moment, from the server after this one on?
SELECT
  s.id, r.taken_at,
  v.id_serv, v.ipaddress, v.fecha_hora, v.arquitectura_proc, v.marca_proc, v.nombre_so,
  v.version_so, v.version_esquema, v.id_maquina, v.nombre_host, v.nucleo, v.version_agente,
  v.fuente_usuarios, v.descartados, v.id_clonado
FROM server AS s
CROSS JOIN report AS r
  ON r.id = (
    SELECT n.id FROM report AS n
    WHERE n.server_id = s.id AND n.taken_at <= :moment
    ORDER BY n.taken_at DESC, n.id DESC LIMIT 1
  )
JOIN servers AS v ON v.id_serv = r.id
WHERE s.id > :after
ORDER BY s.id;

-- name: fleet_outline
-- What is every server made of, and when was it heard?
SELECT
  s.id, CASE WHEN l.received_at > r.received_at THEN l.received_at ELSE r.received_at END,
  p.nombre_so, p.version_so, p.arquitectura_proc
FROM server AS s
CROSS JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN report AS l
  ON l.server_id = s.id
  AND l.seq = (SELECT min(n.seq) FROM report AS n WHERE n.server_id = s.id)
CROSS JOIN profile AS p ON p.id = r.profile_id
ORDER BY s.id;

-- name: last_times
-- When were the last reports of this server taken, up to that moment?
SELECT taken_at FROM report
WHERE server_id = :server_id AND taken_at <= :moment
ORDER BY taken_at DESC
LIMIT :limit;

-- name: arrivals
-- How many reports arrived in each hour, from this hour on? Hours without any are left out.
SELECT hour, reports FROM arrival_hour WHERE hour >= :first ORDER BY hour;

-- name: busiest_programs
-- Of which programs do the most processes run now?
SELECT name, sum(running) FROM process_name
WHERE running > 0
GROUP BY name
ORDER BY sum(running) DESC, name
LIMIT :limit;

-- name: busiest_users
-- As which users do the most processes run now?
SELECT username, sum(running) FROM process_name
WHERE running > 0
GROUP BY username
ORDER BY sum(running) DESC, username
LIMIT :limit;

-- name: latest_profile_changes
-- Which servers were the last to become something else, or to be new?
SELECT
  c.report_id, r.taken_at, c.server_id, p.ipaddress, p.nombre_host, c.profile_id, c.former_id
FROM profile_change AS c
JOIN report AS r ON r.id = c.report_id
JOIN profile AS p ON p.id = c.profile_id
ORDER BY c.report_id DESC
LIMIT :limit;

-- name: latest_programs
-- Which names of programs were the last to come up, in reports after the first one of a server?
SELECT r.taken_at, r.server_id, r.id, p.ipaddress, p.nombre_host, g.name
FROM (SELECT id, name, server_id, first_seq FROM process_name ORDER BY id DESC LIMIT :latest) AS g
CROSS JOIN report AS r ON r.server_id = g.server_id AND r.seq = g.first_seq
CROSS JOIN profile AS p ON p.id = r.profile_id
WHERE g.first_seq <> 1
  AND g.name IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM process_name AS o WHERE o.name = g.name AND o.id < g.id)
ORDER BY g.id DESC
LIMIT :limit;

-- name: latest_users
-- Which users were the last to log in for the first time, in reports after the first of a server?
SELECT r.taken_at, r.server_id, r.id, p.ipaddress, p.nombre_host, u.username
FROM (SELECT id, username, server_id, first_seq FROM login_name ORDER BY id DESC LIMIT :latest) AS u
CROSS JOIN report AS r ON r.server_id = u.server_id AND r.seq = u.first_seq
CROSS JOIN profile AS p ON p.id = r.profile_id
WHERE u.first_seq <> 1 AND u.username IS NOT NULL
ORDER BY u.id DESC
LIMIT :limit;
