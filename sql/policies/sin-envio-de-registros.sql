-- id = "sin-envio-de-registros"
-- version = 1
-- severidad = "media"
-- responsable = "plataforma"
-- es = { titulo = "Los registros no salen del servidor", descripcion = "Busca un programa que envíe los registros a otra máquina. rsyslogd y syslog-ng están en todas partes: solo cuentan si la etiqueta registros los nombra, y sin esa etiqueta no se sabe si envían.", justificacion = "Quien entra en un servidor borra los registros que solo están en él.", remedio = "Instale un programa que los envíe, o ponga la etiqueta registros=rsyslogd donde rsyslog los envía.", motivo = "De {nombres} nombres de procesos ninguno es de un programa que envíe registros." }
-- en = { titulo = "Logs do not leave the server", descripcion = "Looks for a program that ships logs to another machine. rsyslogd and syslog-ng run everywhere: they count only where the tag registros names them, and without that tag nobody knows whether they ship.", justificacion = "Whoever breaks into a server deletes the logs that are on it alone.", remedio = "Install a program that ships them, or set the tag registros=rsyslogd where rsyslog ships them.", motivo = "Of {nombres} names of processes none is that of a program that ships logs." }
-- controles = { ens = ["op.exp.8"], iso27001 = ["A.8.15"], nist = ["AU-4(1)"], cis = ["8.9"] }
-- semantica = "fila_es_exito"
-- ambito = "servidor"
-- aplica = { consulta = "SELECT servidor FROM procesos_vigentes WHERE pid = 2 AND name = 'kthreadd' LIMIT 1" }
-- requiere = ["nombres"]
-- clave = []
-- evidencia = []
-- plazos = { confirmar_tras = "2 informes", gracia_arranque = "10m" }
-- pruebas = [
--   { veredicto = "falla", procesos = [{ name = "cron" }] },
--   { veredicto = "desconocido", razon = "indeterminado", procesos = [{ name = "rsyslogd" }] },
--   { veredicto = "cumple", procesos = [{ name = "rsyslogd" }, { name = "vector" }] },
--   { veredicto = "cumple", procesos = [{ name = "filebeat" }] },
--   { veredicto = "cumple", procesos = [{ name = "fluent-bit" }] },
--   { veredicto = "cumple", etiquetas = { registros = "rsyslogd" }, procesos = [{ name = "rsyslogd" }] },
--   { veredicto = "falla", etiquetas = { registros = "rsyslogd" }, procesos = [{ name = "syslog-ng" }] },
--   { veredicto = "no_aplica", razon = "consulta", ordinario = false, procesos = [{ name = "bash", pid = 1 }] },
--   { veredicto = "desconocido", razon = "sin_dato", sin = ["nombres"] },
--   { veredicto = "desconocido", razon = "sin_dato", ordinario = false, procesos = [{ name = "sshd" }] },
--   { veredicto = "desconocido", razon = "arrancando", servidor = { arranque = "2026-01-15 11:55:00.000000" } },
-- ]

SELECT NULL AS veredicto FROM procesos_listados WHERE lista = 'envio-de-registros'
UNION ALL
SELECT NULL
FROM etiquetas AS e
JOIN procesos_listados AS p ON p.lista = 'registro' AND p.nombre = e.valor
WHERE e.clave = 'registros' AND e.valor IN ('rsyslogd', 'syslog-ng')
UNION ALL
-- Without the tag nobody knows whether they ship.
SELECT 'desconocido'
FROM procesos_listados
WHERE lista = 'registro' AND nombre IN ('rsyslogd', 'syslog-ng')
  AND NOT EXISTS (SELECT 1 FROM etiquetas AS e WHERE e.clave = 'registros')
