-- id = "servicio-innecesario"
-- version = 1
-- severidad = "baja"
-- responsable = "plataforma"
-- es = { titulo = "Servicio que el servidor no suele necesitar", descripcion = "Busca rpcbind, avahi-daemon, cupsd y ypserv. La etiqueta rol dice dónde hacen falta: nfs (rpcbind), impresion (cupsd, avahi-daemon), nis (ypserv, rpcbind), escritorio (cupsd, avahi-daemon).", justificacion = "Cada servicio que nadie necesita es una entrada más.", remedio = "Desactívelo, o ponga al servidor la etiqueta rol que le corresponde.", motivo = "{name} se ejecuta como {username}." }
-- en = { titulo = "Service that the server seldom needs", descripcion = "Looks for rpcbind, avahi-daemon, cupsd and ypserv. The tag rol says where they are needed: nfs (rpcbind), impresion (cupsd, avahi-daemon), nis (ypserv, rpcbind), escritorio (cupsd, avahi-daemon).", justificacion = "Each service that nobody needs is one more way in.", remedio = "Disable it, or give the server the tag rol that fits.", motivo = "{name} runs as {username}." }
-- controles = { ens = ["op.exp.2"], iso27001 = ["A.8.9", "A.8.21"], nist = ["CM-7"], cis = ["4.8"] }
-- semantica = "fila_es_violacion"
-- ambito = "servidor"
-- requiere_para_cumplir = ["nombres"]
-- clave = ["name", "username"]
-- evidencia = ["name", "username", "ejecutable", "n"]
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "rpcbind", username = "rpc" }] },
--   { veredicto = "falla", etiquetas = { rol = "web" }, procesos = [{ name = "cupsd", username = "root" }] },
--   { veredicto = "cumple", etiquetas = { rol = "impresion" }, procesos = [{ name = "cupsd", username = "root" }] },
--   { veredicto = "falla", etiquetas = { rol = "nfs" }, procesos = [{ name = "avahi-daemon", username = "avahi" }] },
--   { veredicto = "cumple", etiquetas = { rol = "nfs" }, procesos = [{ name = "rpcbind", username = "_rpc" }] },
--   { veredicto = "cumple", procesos = [{ name = "rpciod", ppid = 2 }, { name = "sshd" }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
-- ]

SELECT name, username, max(ejecutable) AS ejecutable, count(*) AS n
FROM procesos_listados
WHERE lista = 'innecesarios'
  AND NOT EXISTS (
    SELECT 1
    FROM etiquetas AS e
    WHERE e.clave = 'rol'
      AND (
        (e.valor IN ('nfs', 'nis') AND nombre = 'rpcbind')
        OR (e.valor = 'nis' AND nombre = 'ypserv')
        OR (e.valor IN ('impresion', 'escritorio') AND nombre IN ('cupsd', 'avahi-daemon'))
      )
  )
GROUP BY name, username
