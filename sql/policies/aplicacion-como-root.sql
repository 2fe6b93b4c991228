-- id = "aplicacion-como-root"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Aplicación ejecutada como root", descripcion = "Busca aplicaciones de Java, Node.js, PHP, .NET, Erlang, Python y Ruby con procesos de root. Un proceso principal de root que atiende con otra cuenta es normal (php-fpm, gunicorn). No mira contenedores (etiqueta rol=contenedor), servidores de VS Code ni lo que está en listas/agentes-de-fabricantes.txt.", justificacion = "Un fallo del programa da entonces control total del servidor.", remedio = "Ejecute la aplicación con una cuenta sin privilegios (User= en la unidad de systemd).", motivo = "{name} se ejecuta como root." }
-- en = { titulo = "Application run as root", descripcion = "Looks for applications of Java, Node.js, PHP, .NET, Erlang, Python and Ruby with processes of root. A master of root that serves by another account is normal (php-fpm, gunicorn). It leaves out containers (tag rol=contenedor), servers of VS Code and what stands in listas/agentes-de-fabricantes.txt.", justificacion = "A flaw of the program then gives full control of the server.", remedio = "Run the application with an unprivileged account (User= in the systemd unit).", motivo = "{name} runs as root." }
-- controles = { ens = ["op.acc.4", "op.exp.2"], iso27001 = ["A.8.2"], nist = ["AC-6"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM servers_vigentes WHERE servidor NOT IN (SELECT servidor FROM etiquetas WHERE clave = 'rol' AND valor = 'contenedor')" }
-- requiere_para_cumplir = ["nombres", "usuarios_de_procesos"]
-- clave = ["name"]
-- evidencia = ["name", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "java", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "MainThread", username = "root", ejecutable = "/usr/bin/node" }] },
--   { veredicto = "falla", procesos = [{ name = "gunicorn", pid = 50 }, { name = "gunicorn", ppid = 50 }] },
--   { veredicto = "falla", procesos = [{ name = "php-fpm8.2", pid = 50 }, { name = "php-fpm8.2", ppid = 50, linea_comando = "php-fpm: pool www" }] },
--   { veredicto = "cumple", procesos = [{ name = "php-fpm8.2", pid = 50 }, { name = "php-fpm8.2", ppid = 50, username = "www-data" }] },
--   { veredicto = "cumple", procesos = [{ name = "php-fpm8.2", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "gunicorn", pid = 50 }, { name = "gunicorn", ppid = 50, username = "app" }, { name = "java", username = "tomcat" }] },
--   { veredicto = "cumple", procesos = [{ name = "node", ejecutable = "/root/.vscode-server/bin/0a1b/node" }, { name = "java", ejecutable = "/opt/rudder/bin/java" }] },
--   { veredicto = "cumple", procesos = [{ name = "gunicorn", pid = 50, ejecutable = "/var/lib/juju/agents/unit-web-0/.venv/bin/python" }, { name = "gunicorn", ppid = 50, ejecutable = "/var/lib/juju/agents/unit-web-0/.venv/bin/python" }, { name = "java", linea_comando = "../jre/bin/java -classpath ../lib/amon_weca.jar" }] },
--   { veredicto = "cumple", procesos = [{ name = "tuned", ejecutable = "/usr/bin/python3" }, { name = "networkd-dispat", ejecutable = "/usr/bin/python3" }] },
--   { veredicto = "desconocido", razon = "indeterminado", sin = ["ppid", "linea_comando"], procesos = [{ name = "gunicorn" }, { name = "gunicorn" }] },
--   { veredicto = "no_aplica", etiquetas = { rol = "contenedor" }, procesos = [{ name = "java" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["usuarios_de_procesos"], procesos = [{ name = "java" }] },
-- ]

WITH app AS MATERIALIZED (
  SELECT pid, ppid, name, username, ejecutable, linea_comando, lista
  FROM procesos_listados
  WHERE lista IN ('aplicaciones', 'aplicaciones-con-maestro') AND por = 'name'
),
de_root AS (
  SELECT
    a.pid AS pid, a.name AS name, a.ejecutable AS ejecutable, a.lista AS lista, a.ppid AS ppid,
    -- A worker, as its parent or its title tells.
    a.linea_comando GLOB 'php-fpm: pool *'
      OR EXISTS (
        SELECT 1 FROM app AS p WHERE p.pid = a.ppid AND p.lista = 'aplicaciones-con-maestro'
      ) AS trabaja
  FROM app AS a
  WHERE a.username = 'root'
    AND NOT EXISTS (
      SELECT 1
      FROM listas AS l
      WHERE l.lista = 'agentes-de-fabricantes'
        AND (a.ejecutable GLOB l.valor OR a.linea_comando GLOB l.valor)
    )
)
SELECT
  r.name AS name,
  max(r.ejecutable) AS ejecutable,
  count(*) AS n,
  -- Without parents and titles, masters and workers look alike.
  CASE
    WHEN min(r.lista) = 'aplicaciones-con-maestro' AND max(r.trabaja IS TRUE) = 0
      AND max(r.ppid) IS NULL AND count(*) > 1
      THEN 'desconocido'
  END AS veredicto
FROM de_root AS r
WHERE r.lista = 'aplicaciones'
  OR r.trabaja
  OR (
    r.ppid IS NULL
    AND NOT EXISTS (SELECT 1 FROM app AS o WHERE o.lista = r.lista AND o.username <> 'root')
    AND (SELECT count(*) FROM de_root AS o WHERE o.name = r.name) > 1
  )
GROUP BY r.name
