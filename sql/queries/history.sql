-- name: server_of_record
-- Which server does this record speak of?
SELECT server_id FROM report WHERE id = :id_serv;

-- name: first_record
-- Which record is the first of this server, by time?
SELECT id, taken_at FROM report WHERE server_id = :server_id ORDER BY taken_at, id LIMIT 1;

-- name: record_until
-- Which record of this server is the newest not after that moment?
SELECT id, taken_at FROM report
WHERE server_id = :server_id AND taken_at <= :moment
ORDER BY taken_at DESC, id DESC
LIMIT 1;

-- name: record_after
-- Which record of this server is the first after that moment?
SELECT id, taken_at FROM report
WHERE server_id = :server_id AND taken_at > :moment
ORDER BY taken_at, id
LIMIT 1;

-- name: newest_first
-- Which records does this server have in that time, before the record that was shown last?
SELECT
  r.received_at, r.seq < 0,
  v.id_serv, v.ipaddress, v.fecha_hora, v.arquitectura_proc, v.marca_proc, v.nombre_so,
  v.version_so, v.version_esquema, v.id_maquina, v.nombre_host, v.nucleo, v.version_agente,
  v.fuente_usuarios, v.descartados, v.id_clonado
FROM report AS r
JOIN servers AS v ON v.id_serv = r.id
WHERE r.server_id = :server_id
  AND r.taken_at >= :since
  AND r.taken_at <= :until
  AND (r.taken_at < :shown_at OR r.id < :shown)
ORDER BY r.taken_at DESC, r.id DESC
LIMIT :limit;

-- name: time_of_record
-- When was this record of this server taken?
SELECT taken_at FROM report WHERE id = :id_serv AND server_id = :server_id;
