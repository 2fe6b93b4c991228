-- name: record
-- What is said of the server in this record?
SELECT
  id_serv, ipaddress, fecha_hora, arquitectura_proc, marca_proc, nombre_so, version_so,
  version_esquema, id_maquina, nombre_host, nucleo, version_agente, fuente_usuarios, descartados,
  id_clonado
FROM servers
WHERE id_serv = :id_serv;

-- name: record_processes
-- Which processes does this record list?
SELECT id_proc, pid, name, username, ppid, inicio, ejecutable, linea_comando
FROM procesos
WHERE id_serv = :id_serv
ORDER BY id_proc;

-- name: record_logins
-- Which logins does this record list?
SELECT id_usr, pid, username, terminal, origen, desde
FROM usuarios_activos
WHERE id_serv = :id_serv
ORDER BY id_usr;

-- name: newest_records
-- What is the newest record of every server, from the server after this one on?
SELECT
  s.id,
  v.id_serv, v.ipaddress, v.fecha_hora, v.arquitectura_proc, v.marca_proc, v.nombre_so,
  v.version_so, v.version_esquema, v.id_maquina, v.nombre_host, v.nucleo, v.version_agente,
  v.fuente_usuarios, v.descartados, v.id_clonado
FROM server AS s
JOIN report AS r
  ON r.server_id = s.id
  AND r.seq = (SELECT max(n.seq) FROM report AS n WHERE n.server_id = s.id)
JOIN servers AS v ON v.id_serv = r.id
WHERE s.id > :after
ORDER BY s.id
LIMIT :limit;
