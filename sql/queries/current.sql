-- name: current_server
-- The newest report of a server. :state is al_dia or silencioso.
SELECT
  r.server_id AS servidor, v.id_serv, v.ipaddress, v.fecha_hora, v.arquitectura_proc, v.marca_proc, v.nombre_so,
  v.version_so, v.version_esquema, v.id_maquina, v.nombre_host, v.nucleo, v.version_agente,
  v.fuente_usuarios, v.descartados, v.id_clonado,
  strftime('%Y-%m-%d %H:%M:%S', r.received_at / 1000000, 'unixepoch')
    || printf('.%06d', r.received_at % 1000000) AS recibido,
  NULL AS reloj,
  NULL AS zona,
  :state AS estado,
  strftime('%Y-%m-%d %H:%M:%S', p.booted_at / 1000000, 'unixepoch')
    || printf('.%06d', p.booted_at % 1000000) AS arranque,
  strftime('%Y-%m-%d %H:%M:%S', f.taken_at / 1000000, 'unixepoch')
    || printf('.%06d', f.taken_at % 1000000) AS visto_desde
FROM report AS r
JOIN servers AS v ON v.id_serv = r.id
JOIN profile AS p ON p.id = r.profile_id
JOIN report AS f
  ON f.server_id = r.server_id
  AND f.seq = (SELECT min(seq) FROM report WHERE server_id = r.server_id AND seq > 0)
WHERE r.server_id = :server_id
  AND r.seq = (SELECT max(seq) FROM report WHERE server_id = r.server_id);

-- name: current_processes
-- What runs on a server. :with_first_sight is 1 where a rule asks since when a name is seen there.
SELECT
  s.server_id * 1048576 + s.slot AS id, s.server_id AS servidor, s.pid AS pid, s.ppid AS ppid, g.name AS name,
  g.username AS username, s.started_at AS inicio, g.executable AS ejecutable,
  g.command_line AS linea_comando,
  CASE WHEN :with_first_sight THEN (
    SELECT q.first_at
    FROM process_name AS n
    JOIN process_sighting AS q ON q.server_id = s.server_id AND q.name_id = n.id
    WHERE n.name IS g.name AND n.username IS g.username
  ) END AS visto_desde
FROM process_span AS s
JOIN program AS g ON g.id = s.program_id
WHERE s.server_id = :server_id AND s.node = 0;

-- name: current_logins
-- Who is logged in on a server. :with_first_sight as above.
SELECT
  s.server_id * 1048576 + s.slot AS id, s.server_id AS servidor, s.pid AS pid, a.username AS username,
  a.terminal AS terminal, a.origin AS origen, s.since AS desde,
  CASE WHEN :with_first_sight THEN (
    SELECT q.first_at
    FROM login_name AS n
    JOIN login_sighting AS q ON q.server_id = s.server_id AND q.name_id = n.id
    WHERE n.username IS a.username
  ) END AS visto_desde
FROM login_span AS s
JOIN account AS a ON a.id = s.account_id
WHERE s.server_id = :server_id AND s.node = 0;
