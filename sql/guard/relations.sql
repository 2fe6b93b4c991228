-- What rules read, over the tables of tables.sql. All of it is temporary, so that it stays when a
-- database takes the place of those tables.
--
-- Rules name the data files and the views. elegido, coincidencia, con_kthreadd, nombre_de_hilo and
-- fila_de_proceso stand behind the views alone, as the tables do; texto_de_lista behind none.

-- Data files, which are the same for all servers.

CREATE TEMPORARY TABLE listas (
  lista TEXT NOT NULL,
  valor TEXT NOT NULL,  -- as GLOB takes it
  PRIMARY KEY (lista, valor)
) STRICT, WITHOUT ROWID;

CREATE TEMPORARY TABLE redes (
  red TEXT NOT NULL,
  nombre TEXT,
  PRIMARY KEY (red)
) STRICT, WITHOUT ROWID;

CREATE TEMPORARY TABLE fin_de_vida (
  so TEXT NOT NULL,
  version TEXT NOT NULL,  -- 9.* is 9, and 9 with anything behind a point
  fin TEXT,  -- the last day of support
  fin_ampliado TEXT,  -- of extended support, for everybody
  contratos TEXT,  -- elts=2033-06-30: of what a contract extends; several with blanks between them
  fuente TEXT,
  PRIMARY KEY (so, version)
) STRICT, WITHOUT ROWID;

-- The servers that the views show, from number to number: one, or all.
CREATE TEMPORARY TABLE elegido (desde INTEGER NOT NULL, hasta INTEGER NOT NULL) STRICT;
INSERT INTO elegido VALUES (0, 0);

-- Which processes have a name of a list: service/policies/guard/workspace.py fills it.
CREATE TEMPORARY TABLE coincidencia (
  lista TEXT NOT NULL,
  id INTEGER NOT NULL,  -- of proceso
  nombre TEXT NOT NULL,
  por TEXT NOT NULL,  -- name; else ejecutable, whose last part it is
  PRIMARY KEY (lista, id)
) STRICT, WITHOUT ROWID;

-- Names and executables that stand in a list, while coincidencia is filled.
CREATE TEMPORARY TABLE texto_de_lista (texto TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The servers whose pid 2 is kthreadd, and the names that kernel threads have.
CREATE TEMPORARY TABLE con_kthreadd (servidor INTEGER PRIMARY KEY) STRICT;
CREATE TEMPORARY TABLE nombre_de_hilo (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TEMPORARY VIEW servers_vigentes AS
SELECT
  id_serv, ipaddress, fecha_hora, arquitectura_proc, marca_proc, nombre_so, version_so,
  version_esquema, id_maquina, nombre_host, nucleo, version_agente, fuente_usuarios, descartados,
  id_clonado, recibido, reloj, zona, servidor, estado, arranque, visto_desde
FROM servidor_vigente
WHERE servidor BETWEEN (SELECT desde FROM elegido) AND (SELECT hasta FROM elegido);

CREATE TEMPORARY VIEW etiquetas AS
SELECT servidor, clave, valor, desde
FROM etiqueta
WHERE servidor BETWEEN (SELECT desde FROM elegido) AND (SELECT hasta FROM elegido);

-- The end of life of what each server runs: the row of fin_de_vida that speaks of it most closely,
-- nulls where none does; soporte has the contracts that its tags of that name tell of.
-- covers_version() is a function of service/policies/guard/functions.py, which rules may not call.
CREATE TEMPORARY VIEW soporte_vigente AS
SELECT
  n.servidor AS servidor, n.nombre_so AS nombre_so, n.version_so AS version_so,
  f.fin AS fin, f.fin_ampliado AS fin_ampliado, f.contratos AS contratos, f.fuente AS fuente,
  (
    SELECT group_concat(e.valor, ' ') FROM etiqueta AS e
    WHERE e.servidor = n.servidor AND e.clave = 'soporte'
  ) AS soporte
FROM (
  SELECT
    s.servidor AS servidor, s.nombre_so AS nombre_so, s.version_so AS version_so,
    (
      SELECT c.version
      FROM (
        SELECT v.version AS version, covers_version(v.version, s.version_so) AS cercania
        FROM fin_de_vida AS v
        WHERE v.so = s.nombre_so
          -- Most versions begin with other characters: they cannot cover it, and the function is not called.
          AND substr(v.version, 1, length(v.version) - 2)
            = substr(s.version_so, 1, length(v.version) - 2)
      ) AS c
      WHERE c.cercania > 0
      ORDER BY c.cercania DESC
      LIMIT 1
    ) AS version
  FROM servidor_vigente AS s
  WHERE s.servidor BETWEEN (SELECT desde FROM elegido) AND (SELECT hasta FROM elegido)
) AS n
LEFT JOIN fin_de_vida AS f ON f.so = n.nombre_so AND f.version = n.version;

-- time_text() is a function of service/policies/guard/functions.py, which rules may not call.
CREATE TEMPORARY VIEW fila_de_proceso AS
SELECT
  p.id AS id,
  ((SELECT s.id_serv FROM servidor_vigente AS s WHERE s.servidor = p.servidor) - p.servidor)
    * 1048576 + p.id AS id_proc,
  (SELECT s.id_serv FROM servidor_vigente AS s WHERE s.servidor = p.servidor) AS id_serv,
  (SELECT s.ipaddress FROM servidor_vigente AS s WHERE s.servidor = p.servidor) AS ip_server,
  (SELECT s.fecha_hora FROM servidor_vigente AS s WHERE s.servidor = p.servidor) AS fecha_hora,
  p.pid AS pid,
  p.name AS name,
  p.username AS username,
  p.ppid AS ppid,
  time_text(p.inicio) AS inicio,
  p.inicio / 1000000 AS start_time,
  p.ejecutable AS ejecutable,
  p.linea_comando AS linea_comando,
  p.servidor AS servidor,
  time_text(p.visto_desde) AS visto_desde,
  -- Kernel threads: pid 2 and its children. Version 1 has no parents, but names tell.
  (
    (
      p.pid = 2
      OR p.ppid = 2
      OR (
        p.ppid IS NULL
        AND p.username IS 'root'
        AND p.name IN (SELECT n.name FROM nombre_de_hilo AS n)
      )
    )
    AND p.servidor IN (SELECT k.servidor FROM con_kthreadd AS k)
  ) IS TRUE AS hilo_nucleo
FROM proceso AS p
WHERE p.id >= (SELECT desde FROM elegido) * 1048576
  AND p.id < ((SELECT hasta FROM elegido) + 1) * 1048576;

CREATE TEMPORARY VIEW procesos_vigentes AS
SELECT
  id_proc, id_serv, ip_server, fecha_hora, pid, name, username, ppid, inicio, ejecutable,
  linea_comando, servidor, visto_desde, hilo_nucleo
FROM fila_de_proceso;

-- The processes with a name of a list, once a list. Kernel threads are nobody's program.
CREATE TEMPORARY VIEW procesos_listados AS
SELECT
  f.id_proc AS id_proc, f.id_serv AS id_serv, f.ip_server AS ip_server,
  f.fecha_hora AS fecha_hora, f.pid AS pid, f.name AS name, f.username AS username,
  f.ppid AS ppid, f.inicio AS inicio, f.ejecutable AS ejecutable,
  f.linea_comando AS linea_comando, f.servidor AS servidor, f.visto_desde AS visto_desde,
  c.lista AS lista, c.nombre AS nombre, c.por AS por
FROM coincidencia AS c
CROSS JOIN fila_de_proceso AS f ON f.id = c.id
WHERE NOT f.hilo_nucleo;

CREATE TEMPORARY VIEW usuarios_vigentes AS
SELECT
  (s.id_serv - u.servidor) * 1048576 + u.id AS id_usr,
  s.id_serv AS id_serv,
  s.ipaddress AS ip_server,
  s.fecha_hora AS fecha_hora,
  u.pid AS pid,
  u.username AS username,
  u.terminal AS terminal,
  u.origen AS origen,
  time_text(u.desde) AS desde,
  u.servidor AS servidor,
  time_text(u.visto_desde) AS visto_desde
FROM usuario AS u
CROSS JOIN servidor_vigente AS s ON s.servidor = u.servidor
WHERE u.id >= (SELECT desde FROM elegido) * 1048576
  AND u.id < ((SELECT hasta FROM elegido) + 1) * 1048576;

-- The logins over a network: origen without what screen and mosh add to it, and none of the forms
-- that stand for this machine.
-- Not a WITH clause: of a statement that reads this view, it would seem to read all of its columns.
CREATE TEMPORARY VIEW usuarios_remotos AS
SELECT
  id_usr, id_serv, ip_server, fecha_hora, pid, username, terminal, origen, desde, servidor,
  visto_desde
FROM (
  SELECT
    v.id_usr AS id_usr, v.id_serv AS id_serv, v.ip_server AS ip_server,
    v.fecha_hora AS fecha_hora, v.pid AS pid, v.username AS username, v.terminal AS terminal,
    CASE
      WHEN v.origen GLOB '* via mosh [[]*' THEN
        substr(v.origen, 1, instr(v.origen, ' via mosh [') - 1)
      WHEN v.origen GLOB '*:S.[0-9]*' THEN substr(v.origen, 1, instr(v.origen, ':S.') - 1)
      ELSE v.origen
    END AS origen,
    v.desde AS desde, v.servidor AS servidor, v.visto_desde AS visto_desde
  FROM usuarios_vigentes AS v
)
WHERE origen <> ''
  AND lower(origen) NOT IN ('::1', 'localhost', 'localhost.localdomain', 'ip6-localhost')
  AND origen NOT GLOB '127.*'
  AND origen NOT GLOB '::ffff:127.*'
  AND origen NOT GLOB ':[0-9]*'
  AND origen NOT GLOB ':pts/*'
  AND origen NOT GLOB 'tmux(*'
  AND origen NOT GLOB 'mosh [[]*'
  AND origen <> 'login screen';

-- osquery's words, with the columns that the database has under these names.

CREATE TEMPORARY VIEW processes AS
SELECT
  f.servidor AS server, f.pid AS pid, f.name AS name, f.ejecutable AS path,
  f.linea_comando AS cmdline, NULL AS cwd, NULL AS root, f.start_time AS start_time,
  f.ppid AS parent, f.username AS username,
  (SELECT s.recibido FROM servidor_vigente AS s WHERE s.servidor = f.servidor) AS recibido
FROM fila_de_proceso AS f;

CREATE TEMPORARY VIEW logged_in_users AS
SELECT
  u.servidor AS server, 'user' AS type, u.username AS user, u.terminal AS tty, u.origen AS host,
  u.desde / 1000000 AS time, u.pid AS pid, s.recibido AS recibido
FROM usuario AS u
CROSS JOIN servidor_vigente AS s ON s.servidor = u.servidor
WHERE u.id >= (SELECT desde FROM elegido) * 1048576
  AND u.id < ((SELECT hasta FROM elegido) + 1) * 1048576;

CREATE TEMPORARY VIEW os_version AS
SELECT
  servidor AS server, nombre_so AS name, version_so AS version, nucleo AS kernel_version,
  arquitectura_proc AS arch, recibido AS recibido
FROM servers_vigentes;

CREATE TEMPORARY VIEW system_info AS
SELECT
  servidor AS server, nombre_host AS hostname, id_maquina AS uuid, arquitectura_proc AS cpu_type,
  marca_proc AS cpu_brand, nombre_host AS computer_name, nombre_host AS local_hostname,
  ipaddress AS address, recibido AS recibido
FROM servers_vigentes;
