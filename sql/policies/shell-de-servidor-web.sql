-- id = "shell-de-servidor-web"
-- version = 1
-- severidad = "alta"
-- responsable = "seguridad"
-- es = { titulo = "Intérprete de órdenes bajo un servidor web", descripcion = "Busca intérpretes de órdenes, nc, curl y similares cuyo padre es un servidor web o PHP. Los de root no cuentan: los registros por tubería lo son. CGI y el envío de correo de PHP se parecen: exímalos.", justificacion = "Es lo que se ve cuando alguien ejecuta órdenes por un fallo de la aplicación.", remedio = "Mire qué petición lo inició. Si nadie lo espera, aísle el servidor.", motivo = "{padre} ha iniciado {name} como {username}." }
-- en = { titulo = "Shell under a web server", descripcion = "Looks for shells, nc, curl and the like whose parent is a web server or PHP. Those of root do not count: piped logs are. CGI and PHP's mail look alike: waive them.", justificacion = "This shows when somebody runs commands through a flaw of the application.", remedio = "Look which request started it. If nobody expects it, isolate the server.", motivo = "{padre} has started {name} as {username}." }
-- referencias = ["https://attack.mitre.org/techniques/T1505/003/"]
-- controles = { ens = ["op.exp.6", "op.mon.1"], iso27001 = ["A.8.7", "A.8.16"], nist = ["SI-3", "SI-4"], cis = ["2.3"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres", "ppid", "usuarios_de_procesos"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "padre", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "apache2", username = "www-data", pid = 40 }, { name = "sh", username = "www-data", ppid = 40 }] },
--   { veredicto = "falla", procesos = [{ name = "php-fpm7.4", username = "www-data", pid = 40 }, { name = "python3", username = "www-data", ppid = 40 }] },
--   { veredicto = "falla", procesos = [{ name = "nginx", username = "www-data", pid = 40 }, { name = "x", username = "www-data", ppid = 40, ejecutable = "/bin/bash" }] },
--   { veredicto = "cumple", procesos = [{ name = "apache2", pid = 40 }, { name = "sh", ppid = 40 }, { name = "apache2", username = "www-data", ppid = 40 }] },
--   { veredicto = "cumple", procesos = [{ name = "sshd", pid = 40 }, { name = "bash", username = "ana", ppid = 40 }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["ppid"], procesos = [{ name = "apache2" }, { name = "sh", username = "www-data" }] },
-- ]

WITH pagina AS MATERIALIZED (
  SELECT pid, nombre FROM procesos_listados WHERE lista = 'servidores-de-paginas'
)
SELECT
  h.name AS name, h.username AS username, p.nombre AS padre,
  max(h.ejecutable) AS ejecutable, count(*) AS n,
  CASE WHEN h.username IS NULL THEN 'desconocido' END AS veredicto
FROM pagina AS p
JOIN procesos_listados AS h ON h.ppid = p.pid
WHERE h.lista = 'hijos-sospechosos'
  AND (h.por = 'name' OR h.nombre IN ('sh', 'bash', 'dash', 'ash'))
  AND h.username IS NOT 'root'
GROUP BY h.name, h.username, p.nombre
