-- id = "web-como-root"
-- version = 1
-- severidad = "alta"
-- responsable = "plataforma"
-- es = { titulo = "Servidor web ejecutado por completo como root", descripcion = "Busca servidores web cuyo proceso principal es de root y no tiene ningún proceso hijo de otro usuario. Un proceso principal de root es normal.", justificacion = "Un fallo del servidor web da entonces control total del servidor.", remedio = "Configure un usuario sin privilegios para los procesos que atienden peticiones, por ejemplo con la directiva user de nginx.", motivo = "Todos los procesos de {name} son de root." }
-- en = { titulo = "Web server run entirely as root", descripcion = "Looks for web servers whose main process belongs to root and has no child process of another user. A main process of root is normal.", justificacion = "A flaw of the web server then gives full control of the server.", remedio = "Configure an unprivileged user for the processes that handle requests, for example with nginx's directive user.", motivo = "All processes of {name} belong to root." }
-- referencias = ["https://nginx.org/en/docs/ngx_core_module.html#user", "https://httpd.apache.org/docs/2.4/mod/mod_unixd.html#user"]
-- controles = { ens = ["op.acc.4", "op.exp.2"], iso27001 = ["A.8.2"], nist = ["AC-6"], cis = [] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres", "usuarios_de_procesos"]
-- clave = ["name"]
-- evidencia = ["name", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "nginx", username = "root", pid = 10 }, { name = "nginx", username = "root", ppid = 10 }] },
--   { veredicto = "falla", sin = ["ppid"], procesos = [{ name = "httpd", username = "root" }, { name = "httpd", username = "root" }] },
--   { veredicto = "falla", procesos = [{ name = "nginx", username = "root", pid = 10 }, { name = "nginx", username = "www-data", ppid = 10 }, { name = "nginx", username = "root", pid = 20 }] },
--   { veredicto = "cumple", procesos = [{ name = "nginx", username = "root", pid = 10 }, { name = "nginx", username = "www-data", ppid = 10 }, { name = "nginx", username = "root", ppid = 10 }] },
--   { veredicto = "cumple", sin = ["ppid"], procesos = [{ name = "nginx", username = "root" }, { name = "nginx", username = "www-data" }] },
--   { veredicto = "cumple", procesos = [{ name = "litespeed", username = "root", pid = 10 }, { name = "litespeed", username = "nobody", ppid = 10 }, { name = "httpd", username = "root", ppid = 10 }] },
--   { veredicto = "desconocido", razon = "indeterminado", sin = ["ppid"], procesos = [{ name = "litespeed", username = "nobody" }, { name = "httpd", username = "root" }] },
--   { veredicto = "cumple", procesos = [{ name = "caddy", username = "caddy" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["usuarios_de_procesos"], procesos = [{ name = "nginx" }] },
-- ]

WITH web AS (
  SELECT pid, ppid, nombre AS name, username
  FROM procesos_listados
  WHERE lista = 'servidores-web'
)
SELECT
  m.name AS name,
  count(*) AS n,
  -- Without parents, it may be the helper of another web server.
  CASE
    WHEN max(m.ppid) IS NULL AND EXISTS (SELECT 1 FROM web WHERE username <> 'root')
      THEN 'desconocido'
  END AS veredicto
FROM web AS m
WHERE m.username = 'root'
  AND CASE
    WHEN m.ppid IS NULL THEN m.name NOT IN (
      SELECT o.name FROM web AS o WHERE o.username IS NOT 'root'
    )
    -- IN looks each up once, however many a server reports.
    ELSE m.ppid NOT IN (SELECT o.pid FROM web AS o WHERE o.pid IS NOT NULL)
      AND m.pid NOT IN (
        SELECT c.ppid FROM procesos_vigentes AS c
        WHERE c.ppid IS NOT NULL AND c.username IS NOT 'root'
      )
  END
GROUP BY m.name
