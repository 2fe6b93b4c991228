-- fragment: record_columns
-- The columns of a ServerRow, in its order.
servers.id_serv, servers.ipaddress, servers.fecha_hora, servers.arquitectura_proc,
servers.marca_proc, servers.nombre_so, servers.version_so, servers.version_esquema,
servers.id_maquina, servers.nombre_host, servers.nucleo, servers.version_agente,
servers.fuente_usuarios, servers.descartados, servers.id_clonado, servers.recibido, servers.reloj,
servers.zona

-- name: record
-- The server, as this record describes it.
SELECT
  -- include: record_columns
FROM servers
WHERE servers.id_serv = :id_serv;

-- name: record_processes
-- The processes of this record.
SELECT id_proc, pid, name, username, ppid, inicio, ejecutable, linea_comando
FROM procesos
WHERE id_serv = :id_serv
ORDER BY id_proc;

-- name: record_logins
-- The logins of this record.
SELECT id_usr, pid, username, terminal, origen, desde
FROM usuarios_activos
WHERE id_serv = :id_serv
ORDER BY id_usr;

-- name: newest_records
-- The newest record of every server after :after.
SELECT
  server.id,
  -- include: record_columns
FROM server
JOIN report AS newest
  ON newest.server_id = server.id
  AND newest.seq = (SELECT max(seq) FROM report WHERE report.server_id = server.id)
JOIN servers ON servers.id_serv = newest.id
WHERE server.id > :after
ORDER BY server.id
LIMIT :limit;
